// A user of a home's Redis in a process of its own: joins, says where, keeps it until its input ends.
import { once } from 'node:events';
import { openRedis } from '../../../dist/src/queue/redis.js';

const redis = await openRedis({ home: process.argv[2] ?? '', redisUrl: undefined });
await redis.client.incr('joined');
console.log(redis.where);
process.stdin.resume();
await once(process.stdin, 'end');
await redis.close();

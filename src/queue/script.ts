/** Scripts that Redis runs: sent once a connection and called by their hash from then on, which ioredis sees to. */
import type { Redis } from 'ioredis';

export interface Script {
  /** Unique among all scripts of ours. */
  name: string;
  /** How many of its arguments are keys; these come first. */
  keys: number;
  lua: string;
}

type Call<Reply> = (...args: (string | number)[]) => Promise<Reply>;

export function scriptOn<Reply>(client: Redis, { name, keys, lua }: Script): Call<Reply> {
  client.defineCommand(name, { numberOfKeys: keys, lua });
  const call = (client as unknown as Record<string, Call<Reply>>)[name] as Call<Reply>;
  return (...args) => call.apply(client, args);
}

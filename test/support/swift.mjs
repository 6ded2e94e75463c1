// @ts-check
/**
 * A real S3-compatible server for tests: OpenStack Swift with its s3api, as Debian packages it, on loopback and with all
 * of its files in one folder. `missingForSwift` says why there is none on this machine.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const PROGRAMS = [
  '/usr/bin/swift-proxy-server',
  '/usr/bin/swift-account-server',
  '/usr/bin/swift-container-server',
  '/usr/bin/swift-object-server',
  '/usr/bin/memcached',
];

/**
 * @typedef {object} Swift
 * @property {string} endpoint
 * @property {Record<string, string>} env for the AWS SDK
 * @property {() => Promise<void>} stop
 */

/**
 * Undefined when all of it is here.
 * @returns {string | undefined}
 */
export function missingForSwift() {
  const missing = PROGRAMS.filter((program) => !existsSync(program));
  return missing.length === 0
    ? undefined
    : `no ${missing[0]}: apt-get install swift-proxy swift-account swift-container swift-object memcached`;
}

/**
 * @param {string} dir all of its files; removed by `stop`
 * @param {string} [host] where it answers
 * @returns {Promise<Swift>}
 */
export async function startSwift(dir, host = '127.0.0.1') {
  const etc = path.join(dir, 'etc');
  const devices = path.join(dir, 'devices');
  await mkdir(path.join(devices, 'd1'), { recursive: true });
  await mkdir(etc, { recursive: true });
  const user = execFileSync('id', ['-un'], { encoding: 'utf8' }).trim();
  const [account, container, object, proxy, memcached] = await freePorts(5);
  await writeFile(
    path.join(etc, 'swift.conf'),
    '[swift-hash]\nswift_hash_path_suffix = test\nswift_hash_path_prefix = test\n',
  );
  const common = (/** @type {number | undefined} */ port, ip = '127.0.0.1') => `bind_ip = ${ip}
bind_port = ${port}
workers = 0
user = ${user}
swift_dir = ${etc}
devices = ${devices}
mount_check = false
log_level = WARNING
log_address = /dev/null
disable_fallocate = true
`;
  for (const [name, port] of /** @type {const} */ ([
    ['account', account],
    ['container', container],
    ['object', object],
  ])) {
    await writeFile(
      path.join(etc, `${name}.conf`),
      `[DEFAULT]\n${common(port)}[pipeline:main]\npipeline = ${name}-server\n[app:${name}-server]\nuse = egg:swift#${name}\n${
        name === 'object' ? `[object-updater]\n` : ''
      }recon_cache_path = ${dir}\n`,
    );
  }
  execFileSync('/usr/bin/python3', ['-c', RINGS, etc, String(account), String(container), String(object)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await writeFile(
    path.join(etc, 'proxy.conf'),
    `[DEFAULT]
${common(proxy, host)}[pipeline:main]
pipeline = catch_errors cache listing_formats bulk s3api tempauth copy slo dlo symlink proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
allow_account_management = true
conn_timeout = 20
node_timeout = 60
error_suppression_limit = 1000000
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
[filter:s3api]
use = egg:swift#s3api
s3_acl = false
location = us-east-1
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:${memcached}
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:bulk]
use = egg:swift#bulk
[filter:copy]
use = egg:swift#copy
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
[filter:symlink]
use = egg:swift#symlink
`,
  );
  const children = [
    spawn('memcached', ['-u', user, '-l', '127.0.0.1', '-p', String(memcached), '-m', '32'], {
      stdio: 'ignore',
    }),
    ...['account', 'container', 'object', 'proxy'].map((name) =>
      spawn(`swift-${name}-server`, [path.join(etc, `${name}.conf`)], { stdio: 'ignore', cwd: dir }),
    ),
  ];
  const endpoint = `http://${host}:${proxy}`;
  const stop = async () => {
    await Promise.all(children.map(stopChild));
    await rm(dir, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    // The proxy answers before those behind it do.
    for (const port of [account, container, object])
      await answering(`http://127.0.0.1:${port}/recon/version`);
    await answering(`${endpoint}/info`);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    endpoint,
    env: {
      S3_ENDPOINT: endpoint,
      AWS_ACCESS_KEY_ID: 'test:tester',
      AWS_SECRET_ACCESS_KEY: 'testing',
      AWS_REGION: 'us-east-1',
      AWS_EC2_METADATA_DISABLED: 'true',
    },
    stop,
  };
}

/** One device, one replica, few partitions. In one process: `swift-ring-builder` would be started nine times. */
const RINGS = `
import sys
from swift.common.ring import RingBuilder
for name, port in zip(('account', 'container', 'object'), sys.argv[2:]):
    at = {'ip': '127.0.0.1', 'port': int(port)}
    replication = {'replication_' + key: value for key, value in at.items()}
    builder = RingBuilder(4, 1, 1)
    builder.add_dev({'region': 1, 'zone': 1, 'device': 'd1', 'weight': 1.0, 'meta': '', **at, **replication})
    builder.rebalance()
    builder.get_ring().save(sys.argv[1] + '/' + name + '.ring.gz')
`;

/** @param {string} url */
async function answering(url) {
  for (let look = 0; look < 300; look++) {
    const answer = await fetch(url).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer !== undefined && answer.status < 500) return;
    await delay(100);
  }
  throw new Error('Swift does not answer');
}

/** @param {import('node:child_process').ChildProcess} child */
async function stopChild(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

/** @param {number} count */
async function freePorts(count) {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map(
    (server) => /** @type {import('node:net').AddressInfo} */ (server.address()).port,
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** What lies in `deploy/` is held to the schemas that its fields come from, and to this code. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { QueueKeys } from 'bullmq';
import { beforeAll, describe, expect, it } from 'vitest';
import { ALERTS_MS, DRAIN_MS } from '../../src/cli/carry-batch.js';
import { BATCH_QUEUE, PREFIX, pageQueue } from '../../src/queue/keys.js';
import { root } from '../support/lab.js';
import { composeRefusals, type Manifest, readYaml, refusalsOf } from '../support/manifests.js';

const folder = path.join(root, 'deploy/kubernetes');
const files = readdirSync(folder).filter((name) => name.endsWith('.yaml') && name !== 'secret.yaml');
const manifests = files
  .filter((name) => name !== 'kustomization.yaml')
  .flatMap((name) => readYaml(path.join(folder, name)) as Manifest[]);
const [compose] = readYaml(path.join(root, 'deploy/compose.yaml')) as Manifest[];

function find(kind: string, name: string): Manifest {
  const found = manifests.find((one) => one.kind === kind && one.metadata.name === name);
  if (found === undefined) throw new Error(`no ${kind} ${name}`);
  return found;
}

function changed<T>(of: T, change: (copy: T) => void): T {
  const copy = structuredClone(of);
  change(copy);
  return copy;
}

const worker = find('Deployment', 'thresh-worker');
const scaled = find('ScaledObject', 'thresh-worker');
const podOf = ({ spec }: Manifest) => spec.template.spec;

describe('Kubernetes manifests', () => {
  const wrong = {
    'a misspelt field': changed(worker, (copy) => {
      podOf(copy).terminationGracePeriod = 60;
    }),
    'a misspelt field deep within': changed(worker, (copy) => {
      podOf(copy).containers[0].readinessProbe.httpGet.prot = 'health';
    }),
    'a wrong type': changed(worker, (copy) => {
      podOf(copy).terminationGracePeriodSeconds = '60s';
    }),
    'a missing field': changed(worker, (copy) => {
      delete copy.spec.selector;
    }),
    'what is no quantity': changed(worker, (copy) => {
      podOf(copy).containers[0].resources.limits.memory = '4 gigabytes';
    }),
    'a misspelt field of a KEDA object': changed(scaled, (copy) => {
      copy.spec.coolDownPeriod = 300;
    }),
    'a number where KEDA takes text': changed(scaled, (copy) => {
      copy.spec.triggers[0].metadata.targetValue = 1;
    }),
    'a value that KEDA does not have': changed(scaled, (copy) => {
      copy.spec.fallback.behavior = 'stay';
    }),
  };
  let refusals: string[][];
  beforeAll(async () => {
    refusals = await refusalsOf([...manifests, ...Object.values(wrong)]);
  });

  it.each(manifests.map((manifest, at) => ({ at, kind: manifest.kind, name: manifest.metadata.name })))(
    '$kind $name is as its schema has it',
    ({ at }) => expect(refusals[at]).toEqual([]),
  );

  it.each(Object.keys(wrong).map((what, at) => ({ what, at })))('$what is refused', ({ at }) => {
    expect(refusals[manifests.length + at]).not.toEqual([]);
  });

  it('are all applied together, but for the secrets, and in one namespace', () => {
    const [kustomization] = readYaml(path.join(folder, 'kustomization.yaml')) as Manifest[];
    expect(kustomization).toMatchObject({ kind: 'Kustomization', namespace: 'thresh' });
    const others = files.filter((name) => !['kustomization.yaml', 'secret.example.yaml'].includes(name));
    expect(kustomization?.resources.toSorted()).toEqual(others.toSorted());
    for (const { kind, metadata } of manifests)
      expect(kind === 'Namespace' ? metadata.name : metadata.namespace).toBe('thresh');
  });

  it('select the pods that they mean', () => {
    for (const { kind, spec, metadata } of manifests) {
      if (!['Deployment', 'StatefulSet'].includes(kind)) continue;
      expect(spec.template.metadata.labels, metadata.name).toMatchObject(spec.selector.matchLabels);
    }
    const labels = manifests.flatMap(({ spec }) => spec?.template?.metadata.labels ?? []);
    for (const [kind, name] of [
      ['Service', 'redis'],
      ['Service', 'thresh-serve'],
      ['PodDisruptionBudget', 'thresh-worker'],
      ['NetworkPolicy', 'redis'],
    ] as const) {
      const { selector, podSelector } = find(kind, name).spec;
      const wanted = podSelector?.matchLabels ?? selector.matchLabels ?? selector;
      expect(labels, name).toContainEqual(expect.objectContaining(wanted));
    }
    expect(scaled.spec.scaleTargetRef.name).toBe(worker.metadata.name);
  });

  it('name what config and secrets hold', () => {
    const secret = find('Secret', 'thresh');
    for (const pod of manifests.flatMap((one) => (one.spec?.template ? [podOf(one)] : [])))
      for (const { env = [], envFrom = [] } of pod.containers) {
        for (const { valueFrom } of env) expect(secret.stringData).toHaveProperty(valueFrom.secretKeyRef.key);
        for (const { configMapRef } of envFrom) find('ConfigMap', configMapRef.name);
      }
    for (const { authenticationRef } of scaled.spec.triggers)
      for (const { key } of find('TriggerAuthentication', authenticationRef.name).spec.secretTargetRef)
        expect(secret.stringData).toHaveProperty(key);
  });
});

describe('the Compose file', () => {
  it('is as the specification has it', () => expect(composeRefusals(compose)).toEqual([]));

  it.each([
    ['a misspelt field', { services: { s3: { image: 'x', stop_grace_perod: '60s' } } }],
    ['a misspelt field within', { services: { s3: { image: 'x', healthcheck: { intervall: '60s' } } } }],
    ['a wrong type', { services: { s3: { image: 'x', security_opt: 'seccomp=unconfined' } } }],
    ['an unknown condition', { services: { s3: { image: 'x', depends_on: { db: { condition: 'up' } } } } }],
  ])('%s is refused', (_, wrong) => expect(composeRefusals(wrong)).not.toEqual([]));

  it('asks for no secret that its example does not name', () => {
    const example = readFileSync(path.join(root, 'deploy/compose.env.example'), 'utf8');
    const asked = new Set(JSON.stringify(compose).match(/(?<=\$\{)[A-Z_0-9]+/g));
    expect([...asked].toSorted()).toEqual(
      [...(example.match(/^#?[A-Z_0-9]+(?==)/gm) ?? [])].map(bare).toSorted(),
    );
  });
});

const bare = (name: string): string => name.replace('#', '');

describe('both say what this code does', () => {
  const { services } = compose as Manifest;
  const [container] = podOf(worker).containers;
  const [server] = podOf(find('Deployment', 'thresh-serve')).containers;
  const commands: string[][] = [
    container.args,
    server.args,
    services.worker.command,
    services.server.command,
  ];
  const given = (args: string[], option: string): string | undefined => args[args.indexOf(option) + 1];

  it.each(commands)('%s has these options', (name, ...args) => {
    const help = execFileSync(process.execPath, [path.join(root, 'dist/src/cli/main.js'), name, '--help'], {
      encoding: 'utf8',
    });
    for (const option of args.filter((arg) => arg.startsWith('--'))) expect(help).toContain(`  ${option} `);
  });

  it('the ports are those that are listened on', () => {
    const ports = (of: typeof container) =>
      Object.fromEntries(of.ports.map(({ name, containerPort }: never) => [name, String(containerPort)]));
    expect(ports(container)[container.readinessProbe.httpGet.port]).toBe(
      given(container.args, '--health-port'),
    );
    expect(ports(container)[container.livenessProbe.httpGet.port]).toBe(
      given(container.args, '--health-port'),
    );
    expect(given(container.args, '--health-host')).toBe('0.0.0.0');
    expect(ports(server)[server.readinessProbe.httpGet.port]).toBe(given(server.args, '--port'));
    const [served] = find('Service', 'thresh-serve').spec.ports;
    expect(ports(server)[served.targetPort]).toBe(String(served.port));
    for (const [name, option] of [
      ['worker', '--health-port'],
      ['server', '--port'],
    ] as const) {
      const { command, healthcheck } = services[name];
      expect(healthcheck.test.at(-1)).toContain(`http://127.0.0.1:${given(command, option)}/readyz`);
    }
  });

  it('a worker has the time to drain', () => {
    const least = (DRAIN_MS + ALERTS_MS) / 1_000 + 10;
    expect(podOf(worker).terminationGracePeriodSeconds).toBeGreaterThanOrEqual(least);
    expect(Number.parseInt(services.worker.stop_grace_period, 10)).toBeGreaterThanOrEqual(least);
  });

  it('KEDA asks the server for what it says, and the queues by their names', () => {
    const keys = new QueueKeys(PREFIX);
    const [wanted, ...queues] = scaled.spec.triggers;
    const [served] = find('Service', 'thresh-serve').spec.ports;
    expect(wanted.metadata).toMatchObject({
      url: `http://thresh-serve.thresh.svc:${served.port}/api/scaling`,
      ...{ valueLocation: 'workers', targetValue: '1', authMode: 'bearer' },
    });
    expect(queues.map(({ metadata }: Manifest) => metadata)).toMatchObject([
      { listName: keys.toKey(BATCH_QUEUE, 'wait') },
      { listName: keys.toKey(pageQueue('demo-shop'), 'wait') },
    ]);
  });

  it('every variable is one that is read', () => {
    const settings = readFileSync(path.join(root, 'src/settings.ts'), 'utf8');
    const known = new Set([...(settings.match(/\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b/g) ?? []), ...BY_OTHERS]);
    const said = [
      ...Object.keys(find('ConfigMap', 'thresh').data),
      ...[container, server].flatMap(({ env }) => env.map(({ name }: Manifest['metadata']) => name)),
      ...[services.worker, services.server].flatMap(({ environment }) => Object.keys(environment)),
    ];
    expect(said.filter((name) => !known.has(name))).toEqual([]);
  });
});

it("the image's build is given all that it copies", () => {
  const lines = (name: string): string[] => readFileSync(path.join(root, name), 'utf8').split('\n');
  const given = lines('.dockerignore').flatMap((line) => (line.startsWith('!') ? [line.slice(1)] : []));
  const copied = lines('Dockerfile')
    .filter((line) => /^COPY (?!--from)/.test(line))
    .flatMap((line) => line.split(' ').slice(1, -1));
  expect(copied.length).toBeGreaterThan(5);
  expect(copied.filter((name) => !given.includes(name) || !existsSync(path.join(root, name)))).toEqual([]);
});

/** By the AWS SDK itself; and the store that machines share. */
const BY_OTHERS = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'];

import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // Bounds for a machine that is busy with something else; most tests take a hundredth of it.
    testTimeout: 600_000,
    hookTimeout: 240_000,
    expect: { poll: { timeout: 60_000 } },
    maxWorkers: 3,
    reporters: ['default', './test/count-reporter.ts'],
    projects: [
      // Nothing but functions: to load what they share anew for each file takes longer than the tests.
      { extends: true, test: { name: 'unit', include: ['test/unit/**/*.test.ts'], isolate: false } },
      {
        extends: true,
        test: {
          name: 'real',
          include: ['test/{e2e,fault,integration,sim}/**/*.test.ts'],
          globalSetup: './test/support/swift-of-run.ts',
        },
      },
    ],
  },
});

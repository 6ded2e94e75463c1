const LOOK_MS = 200;

/** Runs a crawler to its end and says on stdout, as JSON lines, what its pool's limit is and what it gave up. */
export async function follow(crawler, urls) {
  const say = (facts) => process.stdout.write(`${JSON.stringify(facts)}\n`);
  const look = setInterval(() => say({ limit: crawler.autoscaledPool?.desiredConcurrency }), LOOK_MS);
  const { requestsFailed } = await crawler.run(urls);
  clearInterval(look);
  say({ givenUp: requestsFailed });
}

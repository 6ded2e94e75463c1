/**
 * What many ask at once is asked in one go: while one question is on its way, those that arrive wait for the next,
 * which carries them all. Alone, a question leaves at once.
 */

/** `ask` answers each of its items, in their order; what it throws reaches all who are in it. */
export function inCompany<Item, Answer>(
  ask: (items: Item[]) => Promise<Answer[]>,
  most = 500,
): (item: Item) => Promise<Answer> {
  let waiting: { item: Item; resolve(answer: Answer): void; reject(error: unknown): void }[] = [];
  let asking = false;

  async function askAll(): Promise<void> {
    asking = true;
    await new Promise(setImmediate); // who was woken by the same event is about to ask as well
    while (waiting.length > 0) {
      const company = waiting.slice(0, most);
      waiting = waiting.slice(most);
      try {
        const answers = await ask(company.map(({ item }) => item));
        for (const [at, { resolve }] of company.entries()) resolve(answers[at] as Answer);
      } catch (error) {
        for (const { reject } of company) reject(error);
      }
    }
    asking = false;
  }

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      if (!asking) void askAll();
    });
}

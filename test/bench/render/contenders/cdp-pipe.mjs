// @ts-check
/** A Chromium that is spoken to over its DevTools pipe, and nothing more: messages are JSON, each ended by a zero byte. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { QUIET_FLAGS, SANDBOX_FLAGS } from './browser-settings.mjs';

/** What Playwright passes as well: a page that nobody sees is neither slowed down nor put to sleep. */
const HEADLESS_FLAGS = [
  '--headless',
  '--hide-scrollbars',
  '--mute-audio',
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
  '--disable-breakpad',
  '--no-default-browser-check',
  '--window-size=1280,720',
];

/** Only answers begin so: events, which nobody here listens to, are not even parsed. */
const ANSWER = '{"id":';

/**
 * @typedef {object} CdpBrowser
 * @property {(method: string, params?: object, sessionId?: string) => Promise<any>} send throws what Chromium refuses
 * @property {() => Promise<void>} close
 */

/**
 * @param {{ executablePath: string, temp: string }} options
 * @returns {CdpBrowser}
 */
export function startCdpBrowser({ executablePath, temp }) {
  const profile = `--user-data-dir=${path.join(temp, 'profile')}`;
  const child = spawn(
    executablePath,
    [...HEADLESS_FLAGS, ...QUIET_FLAGS, ...SANDBOX_FLAGS, profile, '--remote-debugging-pipe', 'about:blank'],
    { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] },
  );
  const ended = once(child, 'exit');
  const [, , , commands, answers] =
    /** @type {[null, null, null, import('node:stream').Writable, import('node:stream').Readable]} */ (
      /** @type {unknown} */ (child.stdio)
    );
  /** @type {Map<number, { resolve: (value: any) => void, reject: (error: Error) => void }>} */
  const waiting = new Map();
  let lastId = 0;
  let rest = '';

  answers.setEncoding('utf8');
  answers.on('data', (/** @type {string} */ chunk) => {
    const messages = (rest + chunk).split('\0');
    rest = messages.pop() ?? '';
    for (const message of messages) {
      if (!message.startsWith(ANSWER)) continue;
      const { id, result, error } = JSON.parse(message);
      const asked = waiting.get(id);
      waiting.delete(id);
      if (error === undefined) asked?.resolve(result);
      else asked?.reject(new Error(error.message));
    }
  });
  void ended.then(([code]) => {
    for (const { reject } of waiting.values()) reject(new Error(`Chromium ended with ${code}`));
  });

  /** @type {CdpBrowser['send']} */
  function send(method, params = {}, sessionId = undefined) {
    const id = ++lastId;
    commands.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    return new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
  }
  return {
    send,
    async close() {
      await Promise.race([send('Browser.close').catch(() => undefined), ended]);
      await ended;
    },
  };
}

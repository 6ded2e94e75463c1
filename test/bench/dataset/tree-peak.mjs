// @ts-check
/** The most resident memory that a process and what it started held at once, by looking often. */
import { readdirSync, readFileSync } from 'node:fs';

const LOOK_MS = 25;

/** @param {number} root */
export function watchTree(root) {
  let peakKb = 0;
  const looking = setInterval(() => {
    peakKb = Math.max(peakKb, treeKb(root));
  }, LOOK_MS);
  return {
    /** @returns {number} MB */
    stop() {
      clearInterval(looking);
      return peakKb / 1_024;
    },
  };
}

/** @param {number} pid @returns {number} */
function treeKb(pid) {
  try {
    const residentKb = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return childrenOf(pid).reduce((sum, child) => sum + treeKb(child), Number(residentKb ?? 0));
  } catch {
    return 0; // it has ended
  }
}

/** @param {number} pid */
function childrenOf(pid) {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) => {
    const listed = readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').trim();
    return listed === '' ? [] : listed.split(' ').map(Number);
  });
}

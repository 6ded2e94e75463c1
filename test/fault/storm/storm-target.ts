/**
 * The demo's target for storms: tries often enough that no outage uses up a page's attempts, and knows the shop's words
 * for a failure, so that a page that shows them is not waited for.
 */
import { defineTarget } from 'thresh';
import shop from '../../../targets/demo-shop.js';

export default defineTarget({ ...shop, blocked: '[data-testid="error"]', retries: 12, timeoutMs: 20_000 });

/** The demo's target for storms: tries often enough that no outage uses up a page's attempts. */
import { defineTarget } from 'thresh';
import shop from '../../../targets/demo-shop.js';

export default defineTarget({ ...shop, retries: 12 });

import { child } from './index.js';

await child();

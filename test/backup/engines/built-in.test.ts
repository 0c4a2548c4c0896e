import { builtIn } from '../../../src/backup/engines/built-in.ts';
import { engineSuite } from './engine-suite.ts';

engineSuite('built-in', async () => builtIn);

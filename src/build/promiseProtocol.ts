/** `npm run promise`, at a release: from then on the API as it is now has to stay (`test/integration/build/protocol.test.ts`). */
import { promiseProtocol } from './protocolImage.ts';

await promiseProtocol();

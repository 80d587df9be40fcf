import { join } from 'node:path';
import { describe } from 'vitest';
import { NamespaceMachines, namespacesMissing } from '../support/fakes/namespaceMachines.js';
import { microvmsUnderTest } from '../support/microvms.js';
import { tempDirectory } from '../support/tempDirectory.js';
import { sandboxContract } from './sandboxContract.js';

const missing = namespacesMissing();

describe.skipIf(missing !== undefined)(missing ?? 'the driver of virtual machines', () => {
  sandboxContract('on machines that are namespaces', async () =>
    microvmsUnderTest(tempDirectory(`muster 'quoted" $HOME,\n`), {
      image: 'debian',
      runtime: stateDir => new NamespaceMachines(join(stateDir, 'machines')),
    }),
  );

  sandboxContract('on such machines that work on copies', async () =>
    microvmsUnderTest(tempDirectory(`muster 'quoted" $HOME,\n`), {
      image: 'debian',
      runtime: stateDir => new NamespaceMachines(join(stateDir, 'machines'), { takes: 'copies' }),
    }),
  );
});

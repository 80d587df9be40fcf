import type { Redactor } from '../../base/redactor.js';
import type { Provider } from '../../core/agents/provider.js';

/** Makes every provider read its lines through the redactor, so that no event of a run can carry a secret. */
export function redactingProviders(redactor: Redactor): (provider: Provider) => Provider {
  return provider => ({
    name: provider.name,
    fix: provider.fix,
    builtIn: provider.builtIn,
    command: request => provider.command(request),
    parse: line => provider.parse(redactor.redact(line)),
    conclude: (exit, digest) => provider.conclude(exit, { ...digest, stderrTail: redactor.redact(digest.stderrTail) }),
  });
}

import { field, mapping, oneOf, oneOrMore, text } from './shape.js';

/** A word (`allow-list` is a name too), a name, or an address, with a port or without. */
const NETWORK_HOST =
  '^([nN][oO][nN][eE]|[fF][uU][lL][lL]|(\\*\\.)?[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?)$';

/** What keeps the runs of an agent apart from the rest. */
export const sandbox = field(
  {
    kind: 'choice',
    scalar: oneOf([{ value: 'strict', doc: 'The same as `process: strict`.' }]),
    mapping: mapping({
      process: field(
        oneOf([
          {
            value: 'strict',
            doc: 'It changes nothing but its worktree, temporary files and the folders of its CLI.',
          },
        ]),
        'Confines an agent that runs as a process of this machine, with bubblewrap on Linux and sandbox-exec on macOS. What it reads and reaches over the network is not confined.',
        'process: strict',
        { era: 'muster' },
      ),
      stopped_runtime_policy: field(
        oneOf([
          { value: 'remove', doc: 'It is removed.' },
          { value: 'retain', doc: 'It is kept and can be started again.' },
        ]),
        'What happens to a stopped sandbox.',
        'stopped_runtime_policy: retain',
        { era: 'head', planned: true, fallback: 'remove' },
      ),
      network: field(
        oneOrMore(
          text({
            nonEmpty: true,
            pattern: NETWORK_HOST,
            refusedText:
              'invalid network %s: write none, allow-list, full, or hosts as example.com, *.example.com or example.com:8443',
          }),
        ),
        'What a container reaches besides its model: `none`, `allow-list` (registries of packages), `full`, or a list of hosts (`*.` for all below one; ports 80 and 443 where none is named), in which `allow-list` stands for those registries. For hosts and `full` a person has to consent.',
        'network:\n  - allow-list\n  - "*.example.com"',
        { era: 'muster', fallback: '`allow-list`' },
      ),
      pull: field(
        oneOf([
          { value: 'missing', doc: 'When the engine does not have it.' },
          { value: 'always', doc: 'Before each run; one that is there serves when it cannot be fetched.' },
          { value: 'never', doc: 'The engine has it, or the run fails.' },
        ]),
        'When the image is fetched.',
        'pull: always',
        { era: 'muster', fallback: 'missing' },
      ),
    }),
  },
  'What keeps runs apart from the rest: `strict` for processes of this machine; for containers how they end, what they reach, and when their image is fetched.',
  'sandbox:\n  network: [allow-list, example.com]',
  { era: 'head' },
);

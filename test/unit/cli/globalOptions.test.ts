import { describe, expect, test } from 'vitest';
import { readGlobalOptions } from '../../../src/cli/options/globalOptions.js';

const read = (...args: readonly string[]) => readGlobalOptions(args, '/home/ada');

describe('readGlobalOptions', () => {
  test('finds them before and after the command', () => {
    expect(read('-C', 'shop', 'ps', '--json', '--file=x.yml', '-p', 'p', '--host', 'h', '--timeout=90s')).toEqual({
      options: {
        directory: '/home/ada/shop',
        file: 'x.yml',
        projectName: 'p',
        host: 'h',
        timeoutMs: 90_000,
        compat: undefined,
        json: true,
        help: false,
        version: false,
      },
      rest: ['ps'],
    });
  });

  test('leaves everything after -- alone', () => {
    expect(read('dispatch', 'dev', '--', '--json', '-C', 'x').rest).toEqual([
      'dispatch',
      'dev',
      '--',
      '--json',
      '-C',
      'x',
    ]);
  });

  test.each<[string, string]>([
    ['exec ls -C x', 'exec -- ls -C x'],
    ['exec --json ls', 'exec ls'],
    ['exec --agent dev git -C x --json', 'exec --agent dev -- git -C x --json'],
    ['exec --session-id=x sh -c y', 'exec --session-id=x -- sh -c y'],
    ['exec 9n4t -- git -C x', 'exec 9n4t -- git -C x'],
    ['exec 9n4t --command x --json', 'exec 9n4t --command x'],
    ['exec 9n4t npm test', 'exec -- 9n4t npm test'],
  ])('leaves the command of %s alone', (given, rest) => {
    expect(read(...given.split(' ')).rest.join(' ')).toBe(rest);
  });

  test('a second -C is relative to the first', () => {
    expect(read('-C', '/a', '-C', 'b').options.directory).toBe('/a/b');
  });

  test.each([['-C'], ['-f'], ['--file='], ['ps', '--directory']])(
    '%s without its value is an error of usage',
    (...args) => {
      expect(() => read(...args)).toThrow(expect.objectContaining({ code: 'usage' }));
    },
  );
});

import { describe, expect, test } from 'vitest';
import { readGlobalOptions } from '../../../src/cli/globalOptions.js';

const read = (...args: readonly string[]) => readGlobalOptions(args, '/home/ada');

describe('readGlobalOptions', () => {
  test('finds them before and after the command', () => {
    expect(read('-C', 'shop', 'ps', '--json', '--file=x.yml')).toEqual({
      options: { directory: '/home/ada/shop', file: 'x.yml', json: true, help: false, version: false },
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

import { describe, expect, test } from 'vitest';
import { batchCommand, isBatchFile } from '../../../../src/drivers/process/windowsCommandLine.js';

describe('batch files on Windows', () => {
  test.each([
    { path: 'C:\\npm\\claude.cmd', batch: true },
    { path: 'C:\\npm\\CLAUDE.CMD', batch: true },
    { path: 'x.bat', batch: true },
    { path: 'C:\\cmd\\node.exe', batch: false },
  ])('$path', ({ path, batch }) => {
    expect(isBatchFile(path)).toBe(batch);
  });

  test('leave cmd.exe no character to interpret', () => {
    const { argv } = batchCommand(['C:\\npm\\claude.cmd', '-p', 'a & del "b" %PATH%'], 'cmd.exe');
    expect(argv.slice(0, 4)).toEqual(['cmd.exe', '/d', '/s', '/c']);
    const line = (argv[4] ?? '').slice(1, -1);
    // The first parse takes one caret each. It starts the batch file, whose arguments are parsed once more; what is left then
    // is what the program's own parser reads.
    const first = line.replace(/\^(.)/g, '$1');
    const file = '"C:\\npm\\claude.cmd" ';
    expect(first.startsWith(file)).toBe(true);
    expect(first.slice(file.length).replace(/\^(.)/g, '$1')).toBe('"-p" "a & del \\"b\\" %PATH%"');
    for (const parsed of [line, first.slice(file.length)]) expect(parsed.replace(/\^./g, '')).not.toMatch(/[&"%]/);
  });

  test('keep backslashes at the end of an argument from eating its quote', () => {
    const { argv } = batchCommand(['x.cmd', 'dir\\'], 'cmd.exe');
    expect((argv[4] ?? '').replace(/\^(.)/g, '$1').replace(/\^(.)/g, '$1')).toContain('"dir\\\\"');
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isJupyterPath, parseJupyterPath } from '../../../src/host/proxy/jupyterPath.js';
import { answerHeaders, requestHeaders } from '../../../src/host/proxy/proxiedHeaders.js';

const thread = '7k2m9q4r1s5t';

describe('a path of the proxy', () => {
  it.each([
    [`/jupyter/${thread}`, 'entry'],
    [`/jupyter/${thread}/`, 'entry'],
    [`/jupyter/${thread}?x=1`, 'entry'],
    [`/jupyter/${thread}/api/kernels`, 'inside'],
    [`/jupyter/${thread}/api/contents/a%20b/c.ipynb?content=1`, 'inside'],
    [`/jupyter/${thread}/files/..hidden/x...y`, 'inside'],
    [`/jupyter/${thread}/lab/`, 'inside'],
    ['/jupyter', 'refused'],
    ['/jupyter/', 'refused'],
    ['/jupyter/short/api', 'refused'],
    ['/jupyter/7K2M9Q4R1S5T/api', 'refused'],
    [`/jupyter/${thread}/../other/api`, 'refused'],
    [`/jupyter/${thread}/a/../../x`, 'refused'],
    [`/jupyter/${thread}/%2e%2e/x`, 'refused'],
    [`/jupyter/${thread}/%252e%252e/x`, 'refused'],
    [`/jupyter/${thread}/a%2f..%2fb`, 'refused'],
    [`/jupyter/${thread}//api`, 'refused'],
    [`/jupyter/${thread}/a\\b`, 'refused'],
    [`/jupyter/${thread}/a%5cb`, 'refused'],
    [`/jupyter/${thread}/a%00b`, 'refused'],
    [`/jupyter/${thread}/%zz`, 'refused'],
    [`/jupyter/${thread}/a#b`, 'refused'],
    [`http://other/jupyter/${thread}/api`, 'refused'],
    [`//jupyter/${thread}/api`, 'refused'],
    [`/jupyter/${thread}/${'a'.repeat(20_000)}`, 'refused'],
  ])('%s is %s', (target, kind) => {
    expect(parseJupyterPath(target).kind).toBe(kind);
  });

  it('never leads out of the thread’s own, however it is written', () => {
    const piece = fc.constantFrom(
      '..',
      '.',
      '/',
      '\\',
      '%2e',
      '%2F',
      '%5c',
      '%25',
      '2e',
      'a',
      ';',
      '?',
      '#',
      '%00',
      '\t',
      'é',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 14 }), pieces => {
        const target = `/jupyter/${thread}/${pieces.join('')}`;
        const found = parseJupyterPath(target);
        if (found.kind !== 'inside') return;
        expect(found.target).toBe(target);
        let path = found.target.split('?')[0] ?? '';
        for (let round = 0; round < 3; round++) {
          expect(new URL(path, 'http://x').pathname.startsWith(`/jupyter/${thread}/`)).toBe(true);
          try {
            path = decodeURIComponent(path);
          } catch {
            break;
          }
        }
      }),
      { numRuns: 3_000 },
    );
  });

  it('is the proxy’s business only below its prefix', () => {
    expect(isJupyterPath('/jupyter/x')).toBe(true);
    expect(isJupyterPath('/jupyterx')).toBe(false);
    expect(isJupyterPath('/muster.v1.HostService/GetStatus')).toBe(false);
  });
});

describe('headers that pass', () => {
  it('to the server: no credential, name or connection of the client', () => {
    const given = {
      'authorization': 'Bearer secret',
      'cookie': 'a=b',
      'host': 'evil',
      'origin': 'http://evil',
      'referer': 'http://evil',
      'connection': 'x-mine, keep-alive',
      'x-mine': '1',
      'x-forwarded-for': '1.2.3.4',
      'muster-run-id': 'r',
      'upgrade': 'websocket',
      'transfer-encoding': 'chunked',
      'content-type': 'application/json',
      'sec-websocket-key': 'k',
    };
    expect(requestHeaders(given, 'T')).toEqual({
      'content-type': 'application/json',
      'sec-websocket-key': 'k',
      'host': 'localhost',
      'authorization': 'token T',
    });
  });

  it('to the client: no cookie', () => {
    expect(answerHeaders({ 'set-cookie': ['a=b'], 'content-type': 'text/html', 'connection': 'close' })).toEqual({
      'content-type': 'text/html',
    });
  });
});

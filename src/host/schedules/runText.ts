import type { RunText } from '../../core/scripts/agentTasks.js';
import type { SecretMask } from '../../node/secretMask.js';
import { readRunLog } from '../feed/runLog.js';

export interface RunTextRequest {
  /** Of the run. */
  readonly directory: string;
  /** Bytes of each of the two. */
  readonly limit: number;
  readonly maskOf: () => SecretMask;
}

/** What a run that has ended printed, secrets hidden. */
export async function readRunText({ directory, limit, maskOf }: RunTextRequest): Promise<RunText> {
  const [out, err] = await Promise.all([
    readSome(`${directory}/stdout.ndjson`, limit, maskOf),
    readSome(`${directory}/stderr.log`, limit, maskOf),
  ]);
  return { stdout: out.text, stderr: err.text, stdoutTruncated: out.truncated, stderrTruncated: err.truncated };
}

async function readSome(
  file: string,
  limit: number,
  maskOf: () => SecretMask,
): Promise<{ readonly text: string; readonly truncated: boolean }> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const signal = new AbortController().signal;
  for await (const { chunk } of readRunLog({
    file,
    from: 0,
    tailBytes: 0,
    follow: false,
    ended: signal,
    signal,
    maskOf,
  })) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > limit) break;
  }
  return { text: new TextDecoder().decode(Buffer.concat(chunks).subarray(0, limit)), truncated: bytes > limit };
}

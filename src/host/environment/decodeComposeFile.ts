import { readFile } from 'node:fs/promises';
import { AppError } from '../../base/errors.js';
import { decodeText, undecodable } from '../../compose/source/decodeText.js';

/** The text of a compose file. Errors: those of the system, and `compose.invalid` with its place for what is no text. */
export async function decodeComposeFile(file: string): Promise<string> {
  const reading = decodeText(await readFile(file), (bytes, encoding) => new TextDecoder(encoding).decode(bytes));
  if (reading.ok) return reading.text;
  const problem = `${file}: ${undecodable(reading)}`;
  throw new AppError('compose.invalid', problem, { file, problems: [problem] });
}

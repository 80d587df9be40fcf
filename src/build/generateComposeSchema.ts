import { composeJsonSchema } from '../compose/reference/jsonSchema.js';
import { replaceFile } from './files.ts';

/** Relative to the checkout; the manifest's `yamlValidation` names it. */
export const composeSchemaPath = 'media/agent-compose.schema.json';

/** The whole text of the schema file. */
export function composeSchemaText(): string {
  return `${JSON.stringify(composeJsonSchema(), undefined, 2)}\n`;
}

export async function generate(): Promise<void> {
  await replaceFile(composeSchemaPath, composeSchemaText());
}

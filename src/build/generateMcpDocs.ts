import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Tool } from '../mcp/tool.js';
import { tools } from '../mcp/toolTable.js';
import { replaceFile } from './files.ts';
import { inRepository } from './paths.ts';

/** Relative to the checkout. What stands before the marker is written by hand. */
const mcpDocsPath = 'docs/mcp.md';

const MARKER = '<!-- Generated from here on: `npm run generate`. -->\n';

interface Property {
  readonly description?: string;
  readonly type?: string;
  readonly enum?: readonly string[];
}

export async function generate(): Promise<void> {
  const page = await readFile(inRepository(mcpDocsPath), 'utf8');
  const end = page.indexOf(MARKER);
  if (end < 0) throw new Error(`${mcpDocsPath} lost the line ${MARKER.trim()}`);
  await replaceFile(mcpDocsPath, `${page.slice(0, end)}${MARKER}\n## Tools\n\n${tools.map(describeTool).join('\n')}`);
}

function describeTool({ name, description, input, output, reads }: Tool): string {
  const parameters = propertiesOf(input, 'input').map(
    ([parameter, { optional, property }]) =>
      `- \`${parameter}\` (${typeOf(property)}${optional ? ', may be left out' : ''})${property.description === undefined ? '' : `: ${property.description}`}\n`,
  );
  const results = propertiesOf(output, 'output').map(([result, { optional }]) => `\`${result}${optional ? '?' : ''}\``);
  return [
    `### ${name}\n\n${description}${reads ? ' Changes nothing.' : ''}\n\n`,
    parameters.length === 0 ? '' : `${parameters.join('')}\n`,
    `Returns ${results.join(', ')}.\n`,
  ].join('');
}

function propertiesOf(schema: z.ZodObject, io: 'input' | 'output') {
  const { properties = {}, required = [] } = z.toJSONSchema(schema, { io });
  return Object.entries(properties).map(
    ([name, property]) =>
      [
        name,
        { optional: !required.includes(name), property: typeof property === 'object' ? asProperty(property) : {} },
      ] as const,
  );
}

function asProperty(property: object): Property {
  const parsed = z
    .object({ description: z.string(), type: z.string(), enum: z.array(z.string()) })
    .partial()
    .safeParse(property);
  return parsed.success ? { ...parsed.data } : {};
}

function typeOf({ type, enum: values }: Property): string {
  return values?.map(value => `\`${value}\``).join(' or ') ?? type ?? 'text';
}

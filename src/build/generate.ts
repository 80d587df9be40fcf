/** `npm run generate`: every file that is made from another one. Running it twice changes nothing. */
import { existsSync } from 'node:fs';
import { generateProtobuf } from './generateProtobuf.ts';
import { inRepository } from './paths.ts';
import { say, step } from './progress.ts';

/** Each exports `generate(): Promise<void>`; they import tables of the product, hence the loader that resolves sources. */
const fromTables = [
  { name: 'the shapes of answers', module: 'generateWireShapes.ts' },
  { name: 'the JSON schema of agent-compose.yml', module: 'generateComposeSchema.ts' },
  { name: 'the reference of the compose language', module: 'generateComposeDocs.ts' },
  { name: "the types of schedulers' scripts", module: 'generateSchedulerTypes.ts' },
  { name: 'the reference of the calls of a host', module: 'generateApiDocs.ts' },
  { name: 'the reference of the MCP tools', module: 'generateMcpDocs.ts' },
  { name: "the extension's manifest", module: 'generateManifest.ts' },
];

await step('Generating protocol code', generateProtobuf);
await import('./sourceResolution.ts');
for (const { name, module } of fromTables) {
  if (!existsSync(inRepository('src', 'build', module))) {
    say(`  nothing to do for ${name}: src/build/${module} does not exist`);
    continue;
  }
  await step(`Generating ${name}`, async () => {
    const loaded: unknown = await import(`./${module}`);
    if (!hasGenerate(loaded)) throw new Error(`src/build/${module} must export an async function generate()`);
    await loaded.generate();
  });
}

function hasGenerate(module: unknown): module is { readonly generate: () => Promise<void> } {
  return typeof module === 'object' && module !== null && 'generate' in module && typeof module.generate === 'function';
}

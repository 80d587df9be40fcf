import { canonicalJson, canonicalYaml } from '../../compose/output/canonicalText.js';
import { defineCommand } from '../command.js';
import { checkComposeFile, invalidCompose } from '../lookup/composeFile.js';
import { findComposeFile } from '../lookup/findComposeFile.js';
import { oneLine } from '../output/style.js';

export const config = defineCommand({
  name: 'config',
  summary: 'check the compose file and print its normal form',
  options: { quiet: { type: 'boolean', short: 'q', text: 'print nothing; the exit status says whether it is valid' } },
  details: 'It needs no host. Secrets are shown as ********, other values resolved.',
  async run(context, args) {
    const { out, json, env, directory, projectName } = context;
    const file = await findComposeFile(directory, context.file);
    const { errors, warnings, spec } = await checkComposeFile(file, env, projectName);
    if (!spec) throw invalidCompose(file, errors);
    if (args.flag('quiet')) return 0;
    for (const warning of warnings) out.note(`warning: ${oneLine(warning)}`);
    out.raw(json ? `${canonicalJson(spec, { redacted: true })}\n` : canonicalYaml(spec, { redacted: true }));
    return 0;
  },
});

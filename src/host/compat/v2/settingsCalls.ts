import type { ServiceImpl } from '@connectrpc/connect';
import { SettingsService } from '../../../protocol/gen/agentcompose/v2/settings_pb.js';
import type { HostVariable } from '../../../protocol/gen/muster/v1/variables_pb.js';
import { invalid, paged, partly, time } from '../answers.js';
import type { OurCalls } from '../ours.js';
import { presetsInstead, presetsOf } from './workspacePresets.js';

/** `agentcompose.v2.SettingsService`: variables that every run has. */
export function settingsCalls(ours: OurCalls): Partial<ServiceImpl<typeof SettingsService>> {
  const shown = async () => (await variablesOf(ours)).map(({ name, value, secret }) => ({ name, value, secret }));
  return partly(
    SettingsService,
    {
      getGlobalEnv: async () => ({ env: await shown() }),
      // None is ever there, which is an answer.
      getCapabilityGatewayConfig: () => ({ config: { addr: '', tokenSet: false } }),

      async listWorkspacePresets(request) {
        const all = (await presetsOf(ours)).map(({ appliedAt, ...preset }) => ({
          ...preset,
          createdAt: time(appliedAt),
          updatedAt: time(appliedAt),
        }));
        const { page: presets, total } = paged(all, request);
        return { presets, total };
      },

      async updateGlobalEnv({ env }) {
        await replaceVariables(ours, env);
        return { env: await shown() };
      },
    },
    `${presetsInstead} MCP servers are in such a file too.`,
  );
}

/** Values of secrets are told to nobody. */
export async function variablesOf({ variables }: OurCalls): Promise<HostVariable[]> {
  return (await variables.listVariables({})).variables;
}

interface WantedVariable {
  readonly name: string;
  /** Undefined: the one that it has. */
  readonly value?: string | undefined;
  readonly secret: boolean;
}

/** All of them: what is not named goes. */
export async function replaceVariables(ours: OurCalls, wanted: readonly WantedVariable[]): Promise<void> {
  const present = new Map((await variablesOf(ours)).map(variable => [variable.name, variable]));
  const unknown = wanted.find(({ name, value }) => value === undefined && !present.has(name));
  if (unknown) throw invalid(`${JSON.stringify(unknown.name)} has no value yet: give one.`);
  for (const { name, value, secret } of wanted)
    if (value !== undefined) await ours.variables.setVariable({ name, value, secret });
  const named = new Set(wanted.map(({ name }) => name));
  for (const name of present.keys()) if (!named.has(name)) await ours.variables.removeVariable({ name });
}

import { create } from '@bufbuild/protobuf';
import type { ServiceImpl } from '@connectrpc/connect';
import type { Log } from '../../base/log.js';
import { requireSettable, type HostVariable, type HostVariables } from '../../core/access/hostVariable.js';
import {
  HostVariableSchema,
  type HostVariable as WireVariable,
  type VariableService,
} from '../../protocol/gen/muster/v1/variables_pb.js';

export function variablesApi({
  hostVariables,
  log,
}: {
  readonly hostVariables: HostVariables;
  readonly log: Log;
}): ServiceImpl<typeof VariableService> {
  return {
    listVariables: () => ({ variables: hostVariables.list().map(wireVariable) }),
    setVariable({ name, value, secret }) {
      const variable = { name, value, secret };
      const others = hostVariables.list().filter(each => each.name !== name);
      requireSettable(variable, others.length);
      hostVariables.put(variable);
      log.info('A variable was set', { name, secret });
      return { variable: wireVariable(variable) };
    },
    removeVariable({ name }) {
      const removed = hostVariables.remove(name);
      if (removed) log.info('A variable was removed', { name });
      return { removed };
    },
  };
}

/** What was written as a secret is told to nobody. */
function wireVariable({ name, value, secret }: HostVariable): WireVariable {
  return create(HostVariableSchema, { name, value: secret ? '' : value, secret });
}

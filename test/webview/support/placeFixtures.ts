import type { PlaceRoom } from '../../../src/protocol/webview/placeRoom.js';

/** A cluster that is full, one of which little may be known, and engines. */
export function busyPlaces(): PlaceRoom[] {
  const gibibyte = 1024 ** 3;
  return [
    {
      driver: 'kubernetes',
      name: 'build/agents (pool=agents)',
      agents: ['dev', 'reviewer'],
      machines: { ready: 2, all: 3 },
      cpus: { has: 8, asked: 3.5 },
      memoryBytes: { has: 16 * gibibyte, asked: 9 * gibibyte },
      atWork: 3,
      waiting: 4,
      waitsFor: '0/3 nodes are available: 1 node(s) had untolerated taint, 2 Insufficient memory',
      unknown: '',
    },
    {
      driver: 'kubernetes',
      name: 'arn:aws:eks:eu-central-1:012345678901:cluster/production/team-agents',
      agents: ['writer'],
      atWork: 1,
      waiting: 0,
      waitsFor: '',
      unknown:
        'nodes: nodes is forbidden: User "ada" cannot list resource "nodes" in API group "" at the cluster scope',
    },
    {
      driver: 'docker',
      name: 'ssh://one.example.com, ssh://two.example.com',
      agents: ['builder'],
      machines: { ready: 1, all: 2 },
      cpus: { has: 16, asked: 0 },
      memoryBytes: { has: 64 * gibibyte, asked: 0.5 * gibibyte },
      atWork: 2,
      waiting: 0,
      waitsFor: '',
      unknown: 'ssh://two.example.com: no answer',
    },
  ];
}

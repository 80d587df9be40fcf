import { expect, test } from 'vitest';
import { placesOfNamesakes, projectNameOf, projectNames } from '../../../src/protocol/projectNames.js';

function namesOf(...projects: readonly (readonly [name: string, file: string])[]): readonly string[] {
  return [...projectNames(projects.map(([name, file], index) => ({ id: `p${index}`, name, file }))).values()];
}

test('projects of different names are called by them alone', () => {
  expect(namesOf(['shop', '/w/greeter/agent-compose.yml'], ['demo', '/w/second/agent-compose.yml'])).toEqual([
    'shop',
    'demo',
  ]);
});

test('projects of one name are told apart by as many folders as it takes', () => {
  expect(namesOf(['demo', '/w/greeter/agent-compose.yml'], ['demo', '/w/second/agent-compose.yml'])).toEqual([
    'demo (greeter)',
    'demo (second)',
  ]);
  expect(namesOf(['demo', 'C:\\a\\api\\agent-compose.yml'], ['demo', 'C:\\b\\api\\agent-compose.yml'])).toEqual([
    'demo (a/api)',
    'demo (b/api)',
  ]);
  expect(namesOf(['demo', '/agent-compose.yml'], ['demo', '/w/agent-compose.yml'])).toEqual(['demo', 'demo (w)']);
});

test('two files of one folder are told apart by their names', () => {
  expect(namesOf(['demo', '/w/one.yml'], ['demo', '/w/two.yml'])).toEqual(['demo (one.yml)', 'demo (two.yml)']);
});

test('only namesakes have a place, and what is gone is called as it was', () => {
  const projects = [
    { id: 'a', name: 'demo', file: '/w/greeter/agent-compose.yml' },
    { id: 'b', name: 'demo', file: '/w/second/agent-compose.yml' },
    { id: 'c', name: 'shop', file: '/w/shop/agent-compose.yml' },
  ];
  expect([...placesOfNamesakes(projects)]).toEqual([
    ['a', 'greeter'],
    ['b', 'second'],
  ]);
  const names = projectNames(projects);
  expect(projectNameOf({ projectId: 'b', projectName: 'demo' }, names)).toBe('demo (second)');
  expect(projectNameOf({ projectId: 'gone', projectName: 'demo' }, names)).toBe('demo');
});

/**
 * `node test/architecture/measureFunctions.mjs [folder…]`: how long and how branchy the functions of the product are. It prints and
 * never fails: a table of cases is long on purpose, and a number is a reason to look, not a rule.
 *
 * Cyclomatic complexity: one, and one more for each branch, loop, case, catch, `&&`, `||`, `??` and conditional of the function
 * itself; functions inside it are counted for themselves. Arrow functions without a branch are not counted, else they would
 * make every figure look good.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('../../', import.meta.url));
const longest = 80;
const target = { p90: 6, max: 15 };

const branches = new Set([
  ts.SyntaxKind.IfStatement,
  ts.SyntaxKind.ConditionalExpression,
  ts.SyntaxKind.ForStatement,
  ts.SyntaxKind.ForInStatement,
  ts.SyntaxKind.ForOfStatement,
  ts.SyntaxKind.WhileStatement,
  ts.SyntaxKind.DoStatement,
  ts.SyntaxKind.CaseClause,
  ts.SyntaxKind.CatchClause,
]);
const operators = new Set([
  ts.SyntaxKind.AmpersandAmpersandToken,
  ts.SyntaxKind.BarBarToken,
  ts.SyntaxKind.QuestionQuestionToken,
]);

function isFunction(node) {
  return (
    (ts.isFunctionDeclaration(node) ||
      ts.isFunctionExpression(node) ||
      ts.isArrowFunction(node) ||
      ts.isMethodDeclaration(node) ||
      ts.isConstructorDeclaration(node) ||
      ts.isAccessor(node)) &&
    node.body !== undefined
  );
}

function isBranch(node) {
  return branches.has(node.kind) || (ts.isBinaryExpression(node) && operators.has(node.operatorToken.kind));
}

function nameOf(node) {
  if (node.name) return node.name.getText();
  if (ts.isConstructorDeclaration(node)) return 'constructor';
  const { parent } = node;
  return parent && 'name' in parent && parent.name ? parent.name.getText() : '(function)';
}

function complexityOf(node) {
  let count = 1;
  const visit = child => {
    if (isFunction(child)) return;
    if (isBranch(child)) count++;
    ts.forEachChild(child, visit);
  };
  ts.forEachChild(node, visit);
  return count;
}

function measure(file) {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
  const lineOf = position => source.getLineAndCharacterOfPosition(position).line + 1;
  const found = [];
  const visit = node => {
    if (isFunction(node)) {
      const line = lineOf(node.getStart());
      const complexity = complexityOf(node);
      const lines = lineOf(node.getEnd()) - line + 1;
      const place = `${file.slice(root.length)}:${line}`;
      if (complexity > 1 || !ts.isArrowFunction(node)) found.push({ place, name: nameOf(node), lines, complexity });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function sources(folder) {
  return readdirSync(join(root, folder), { recursive: true })
    .filter(name => /\.tsx?$/.test(name) && !/(^|\/)gen\//.test(name) && !name.endsWith('.d.ts'))
    .map(name => join(root, folder, name));
}

const folders = process.argv.length > 2 ? process.argv.slice(2) : ['src', 'webview'];
const functions = folders.flatMap(sources).flatMap(measure);
const sorted = functions.map(({ complexity }) => complexity).toSorted((a, b) => a - b);
const p90 = sorted[Math.floor(sorted.length * 0.9)] ?? 0;
const max = sorted.at(-1) ?? 0;
const print = list => {
  for (const { place, name, lines, complexity } of list) {
    console.log(`  ${String(lines).padStart(4)} lines  ${String(complexity).padStart(3)} ways  ${name}  ${place}`);
  }
};

console.log(`${functions.length} functions in ${folders.join(', ')}`);
console.log(`cyclomatic complexity: p90 ${p90} (target ${target.p90}), max ${max} (target ${target.max})`);
const branchy = functions
  .filter(({ complexity }) => complexity > target.max)
  .toSorted((a, b) => b.complexity - a.complexity);
console.log(`\nabove ${target.max} ways: ${branchy.length}`);
print(branchy);
const long = functions.filter(({ lines }) => lines > longest).toSorted((a, b) => b.lines - a.lines);
console.log(`\nabove ${longest} lines: ${long.length}`);
print(long);

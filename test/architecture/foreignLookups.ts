import ts from 'typescript';

export interface ForeignLookup {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

/**
 * Reads of `record[key]` where the key is any text and the record an ordinary object: `constructor` and `__proto__` are found in
 * every one of them. Allowed are a `Map`, `ownValue(record, key)`, and `Object.hasOwn(record, key) ? record[key] : …`.
 */
export function foreignLookups(program: ts.Program, isOurs: (file: string) => boolean): readonly ForeignLookup[] {
  const checker = program.getTypeChecker();
  const found: ForeignLookup[] = [];
  for (const source of program.getSourceFiles()) {
    if (source.isDeclarationFile || !isOurs(source.fileName)) continue;
    const visit = (node: ts.Node): void => {
      if (ts.isElementAccessExpression(node) && isForeignRead(node, checker)) {
        const { line } = source.getLineAndCharacterOfPosition(node.getStart());
        found.push({ file: source.fileName, line: line + 1, text: node.getText() });
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return found;
}

function isForeignRead(node: ts.ElementAccessExpression, checker: ts.TypeChecker): boolean {
  const key = checker.getTypeAtLocation(node.argumentExpression);
  // A key of a closed union is one that the program itself names; a number asks a list.
  const isAnyText = (type: ts.Type): boolean =>
    type.isUnion() ? type.types.some(isAnyText) : (type.flags & ts.TypeFlags.String) !== 0;
  if (!isAnyText(key) || isWritten(node) || isGuarded(node)) return false;
  const holder = checker.getTypeAtLocation(node.expression);
  return checker.getIndexInfoOfType(holder, ts.IndexKind.String) !== undefined;
}

function isWritten({ parent }: ts.ElementAccessExpression): boolean {
  if (ts.isDeleteExpression(parent)) return true;
  return ts.isBinaryExpression(parent) && parent.operatorToken.kind === ts.SyntaxKind.EqualsToken;
}

/** `Object.hasOwn(record, key) ? record[key] : …`, possibly with more conditions joined by `&&`. */
function isGuarded(node: ts.ElementAccessExpression): boolean {
  const guard = `Object.hasOwn(${node.expression.getText()}, ${node.argumentExpression.getText()})`;
  for (let at: ts.Node = node; at.parent; at = at.parent) {
    const { parent } = at;
    if (ts.isConditionalExpression(parent) && parent.whenTrue === at && parent.condition.getText().includes(guard))
      return true;
    if (ts.isBinaryExpression(parent) && parent.right === at && parent.left.getText().includes(guard)) return true;
  }
  return false;
}

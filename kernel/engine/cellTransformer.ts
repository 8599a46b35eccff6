import type * as TypeScript from "typescript";
import { typescript as ts } from "./tslabModules.ts";

/**
 * Changes a cell on its way to JavaScript, so that the variables of all cells live in one object, `exports`, and stay one
 * variable each. tslab exports what a cell declares by copying: a function of the cell would not see what a later cell
 * assigns, and every assignment would cost a copy. So `let` and `var` are exported as accessors.
 *
 * Also: `import(...)` becomes `require.load(...)`, for tslab would make it a call of `require`, which loads no ES module;
 * `import.meta` becomes `require.meta`; `import x = require("x")` becomes `const x = require("x")`;
 * `{ x }` with a variable of an earlier cell becomes `{ x: exports.x }`, which tslab forgets; and functions of earlier
 * cells are called without `this`. `await x` becomes `__tslab__.goOn(await x)`, and `for await` calls it in each round, so
 * that a loop of a cell that was interrupted can end there.
 * @param earlier the file that declares what earlier cells declared
 */
export function cellTransformer(
  checker: TypeScript.TypeChecker,
  earlier: TypeScript.SourceFile | undefined,
): TypeScript.TransformerFactory<TypeScript.SourceFile> {
  const isEarlier = (symbol: TypeScript.Symbol | undefined) =>
    symbol?.declarations?.some((declaration) => declaration.getSourceFile() === earlier) ?? false;
  return (context) => {
    const { factory } = context;
    const exported = (name: string) =>
      factory.createPropertyAccessExpression(factory.createIdentifier("exports"), factory.createIdentifier(name));

    const visit = (node: TypeScript.Node): TypeScript.Node => {
      if (ts.isMetaProperty(node) && node.keywordToken === ts.SyntaxKind.ImportKeyword)
        return factory.createPropertyAccessExpression(factory.createIdentifier("require"), "meta");
      const visited = ts.visitEachChild(node, visit, context);
      if (ts.isAwaitExpression(visited)) return ts.setTextRange(goOn([visited]), node);
      if (ts.isForOfStatement(visited) && visited.awaitModifier) return visitForAwait(visited);
      if (ts.isCallExpression(node) && ts.isCallExpression(visited)) return visitCall(node, visited);
      if (!ts.isShorthandPropertyAssignment(node) || !isEarlier(checker.getShorthandAssignmentValueSymbol(node)))
        return visited;
      const { objectAssignmentInitializer: fallback } = visited as TypeScript.ShorthandPropertyAssignment;
      const value = exported(node.name.text);
      return factory.createPropertyAssignment(
        factory.createIdentifier(node.name.text),
        fallback ? factory.createAssignment(value, fallback) : value,
      );
    };

    const goOn = (values: TypeScript.Expression[]) => {
      const handed = factory.createIdentifier("__tslab__");
      return factory.createCallExpression(factory.createPropertyAccessExpression(handed, "goOn"), undefined, values);
    };

    const visitForAwait = (visited: TypeScript.ForOfStatement): TypeScript.Node => {
      const { awaitModifier, initializer, expression, statement } = visited;
      const body = ts.isBlock(statement) ? statement.statements : [statement];
      const checked = factory.createBlock([factory.createExpressionStatement(goOn([])), ...body], true);
      const located = ts.setTextRange(checked, statement);
      return factory.updateForOfStatement(visited, awaitModifier, initializer, expression, located);
    };

    const visitCall = (node: TypeScript.CallExpression, visited: TypeScript.CallExpression): TypeScript.Node => {
      const { expression } = node;
      if (expression.kind === ts.SyntaxKind.ImportKeyword) {
        const load = factory.createPropertyAccessExpression(factory.createIdentifier("require"), "load");
        return factory.updateCallExpression(visited, load, undefined, visited.arguments);
      }
      if (!ts.isIdentifier(expression) || !isEarlier(checker.getSymbolAtLocation(expression))) return visited;
      const callee = ts.setTextRange(exported(expression.text), expression);
      const withoutThis = factory.createParenthesizedExpression(
        ts.setTextRange(factory.createComma(factory.createNumericLiteral(0), callee), expression),
      );
      const located = ts.setTextRange(withoutThis, expression);
      return factory.updateCallExpression(visited, located, visited.typeArguments, visited.arguments);
    };

    /** In a block it is not taken for the cell's last expression. */
    const inBlock = (expression: TypeScript.Expression): TypeScript.Statement =>
      factory.createBlock([factory.createExpressionStatement(expression)]);

    /** `Object.defineProperty(exports, "name", { get: () => name, set: (value) => { name = value; }, ... })` */
    const accessor = (name: string): TypeScript.Statement => {
      const value = name === "value" ? "next" : "value";
      const assignment = factory.createAssignment(factory.createIdentifier(name), factory.createIdentifier(value));
      const parameter = factory.createParameterDeclaration(undefined, undefined, value);
      const arrow = (parameters: TypeScript.ParameterDeclaration[], body: TypeScript.ConciseBody) =>
        factory.createArrowFunction(undefined, undefined, parameters, undefined, undefined, body);
      const property = factory.createObjectLiteralExpression([
        factory.createPropertyAssignment("get", arrow([], factory.createIdentifier(name))),
        factory.createPropertyAssignment(
          "set",
          arrow([parameter], factory.createBlock([factory.createExpressionStatement(assignment)])),
        ),
        factory.createPropertyAssignment("enumerable", factory.createTrue()),
        factory.createPropertyAssignment("configurable", factory.createTrue()),
      ]);
      const define = factory.createPropertyAccessExpression(factory.createIdentifier("Object"), "defineProperty");
      const exports = factory.createIdentifier("exports");
      return inBlock(
        factory.createCallExpression(define, undefined, [exports, factory.createStringLiteral(name), property]),
      );
    };

    const assignment = (name: string): TypeScript.Statement =>
      inBlock(factory.createAssignment(exported(name), factory.createIdentifier(name)));

    /** `const name = require("specifier")`, for ES modules have no `import name = require("specifier")`. */
    const required = (name: TypeScript.Identifier, { expression }: TypeScript.ExternalModuleReference) => {
      const call = factory.createCallExpression(factory.createIdentifier("require"), undefined, [expression]);
      const declaration = factory.createVariableDeclaration(name, undefined, undefined, call);
      return factory.createVariableStatement(
        undefined,
        factory.createVariableDeclarationList([declaration], ts.NodeFlags.Const),
      );
    };

    return (file) => {
      const handled = new Set<string>();
      const handle = (names: string[], make: (name: string) => TypeScript.Statement) =>
        names.map((name) => {
          handled.add(name);
          return make(name);
        });
      const statements = file.statements.flatMap((statement) => {
        const visited = visit(statement) as TypeScript.Statement;
        if (ts.isVariableStatement(statement)) return [visited, ...handle(reassignable(statement), accessor)];
        if (ts.isImportDeclaration(statement))
          return [visited, ...handle(importedValues(statement, checker), assignment)];
        if (ts.isImportEqualsDeclaration(statement) && !statement.isTypeOnly) {
          const { name, moduleReference } = statement;
          if (ts.isExternalModuleReference(moduleReference))
            return [required(name, moduleReference), ...handle([name.text], assignment)];
        }
        return [visited];
      });
      const remaining = statements.map((statement) => withoutExports(statement, handled, factory));
      return factory.updateSourceFile(file, remaining);
    };
  };
}

/** The names that a statement declares and that may be assigned later. */
function reassignable({ declarationList, modifiers }: TypeScript.VariableStatement): string[] {
  if (declarationList.flags & ts.NodeFlags.Const) return [];
  if (modifiers?.some(({ kind }) => kind === ts.SyntaxKind.DeclareKeyword)) return [];
  return declarationList.declarations.flatMap(({ name }) => namesOf(name));
}

function namesOf(name: TypeScript.BindingName): string[] {
  if (ts.isIdentifier(name)) return [name.text];
  return name.elements.flatMap((element) => (ts.isBindingElement(element) ? namesOf(element.name) : []));
}

/** The names that an import brings and that exist at run time. */
function importedValues({ importClause }: TypeScript.ImportDeclaration, checker: TypeScript.TypeChecker): string[] {
  if (!importClause || importClause.isTypeOnly) return [];
  const { name, namedBindings } = importClause;
  const names: TypeScript.Identifier[] = name ? [name] : [];
  if (namedBindings && ts.isNamespaceImport(namedBindings)) names.push(namedBindings.name);
  if (namedBindings && ts.isNamedImports(namedBindings))
    names.push(...namedBindings.elements.filter(({ isTypeOnly }) => !isTypeOnly).map((element) => element.name));
  return names.filter((each) => isValue(each, checker)).map(({ text }) => text);
}

function isValue(name: TypeScript.Identifier, checker: TypeScript.TypeChecker): boolean {
  const symbol = checker.getSymbolAtLocation(name);
  if (!symbol || !(symbol.flags & ts.SymbolFlags.Alias)) return true;
  const aliased = checker.getAliasedSymbol(symbol);
  // What a module without types exports is unknown, and may well be a value.
  return checker.isUnknownSymbol(aliased) || (aliased.flags & ts.SymbolFlags.Value) !== 0;
}

function withoutExports(
  statement: TypeScript.Statement,
  names: ReadonlySet<string>,
  factory: TypeScript.NodeFactory,
): TypeScript.Statement {
  if (!ts.isExportDeclaration(statement) || statement.moduleSpecifier) return statement;
  const { exportClause } = statement;
  if (!exportClause || !ts.isNamedExports(exportClause)) return statement;
  const elements = exportClause.elements.filter(({ name }) => !names.has(name.text));
  if (elements.length === exportClause.elements.length) return statement;
  return factory.updateExportDeclaration(
    statement,
    undefined,
    false,
    factory.updateNamedExports(exportClause, elements),
    undefined,
    statement.assertClause as never,
  );
}

/** Whether a cell awaits outside of functions, so that it has to run as an asynchronous one. */
export function awaitsAtTop(file: TypeScript.SourceFile): boolean {
  const awaits = (node: TypeScript.Node): boolean => {
    if (ts.isAwaitExpression(node) || (ts.isForOfStatement(node) && node.awaitModifier)) return true;
    if (ts.isFunctionLike(node) || ts.isPropertyDeclaration(node) || ts.isClassStaticBlockDeclaration(node))
      return false;
    return ts.forEachChild(node, (child) => awaits(child) || undefined) ?? false;
  };
  return awaits(file);
}

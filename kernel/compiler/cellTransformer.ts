import ts from "typescript";

/**
 * Changes a cell before the compiler takes its types away:
 * - its last expression is assigned, so that the cell has a value;
 * - what it imports stays, though the cell itself may not use it: later cells may;
 * - `import x = require("x")` becomes `const x = require("x")`.
 * @param parameter of the function that the cell becomes
 */
export function cellTransformer(checker: ts.TypeChecker, parameter: string): ts.TransformerFactory<ts.SourceFile> {
  return ({ factory }) =>
    (file) => {
      const last = file.statements.at(-1);
      const statements = file.statements.flatMap((statement): ts.Statement[] => {
        if (ts.isImportDeclaration(statement)) return keptImport(statement, checker, factory);
        if (ts.isImportEqualsDeclaration(statement)) return keptRequire(statement, factory);
        if (statement !== last || !ts.isExpressionStatement(statement)) return [statement];
        const value = factory.createPropertyAccessExpression(factory.createIdentifier(parameter), "value");
        const assignment = ts.setTextRange(factory.createAssignment(value, statement.expression), statement.expression);
        return [factory.updateExpressionStatement(statement, assignment)];
      });
      return factory.updateSourceFile(file, statements);
    };
}

/** The names that an import brings and that exist at run time. */
export function importedValues(clause: ts.ImportClause | undefined, checker: ts.TypeChecker): ts.Identifier[] {
  if (!clause || clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return [];
  const { name, namedBindings } = clause;
  const names: ts.Identifier[] = name ? [name] : [];
  if (namedBindings && ts.isNamespaceImport(namedBindings)) names.push(namedBindings.name);
  if (namedBindings && ts.isNamedImports(namedBindings))
    names.push(...namedBindings.elements.filter(({ isTypeOnly }) => !isTypeOnly).map((element) => element.name));
  return names.filter((each) => isValue(each, checker));
}

function isValue(name: ts.Identifier, checker: ts.TypeChecker): boolean {
  const symbol = checker.getSymbolAtLocation(name);
  if (!symbol || !(symbol.flags & ts.SymbolFlags.Alias)) return true;
  const aliased = checker.getAliasedSymbol(symbol);
  // What a module without types exports is unknown, and may well be a value.
  return checker.isUnknownSymbol(aliased) || (aliased.flags & ts.SymbolFlags.Value) !== 0;
}

function keptImport(statement: ts.ImportDeclaration, checker: ts.TypeChecker, factory: ts.NodeFactory): ts.Statement[] {
  const { importClause, moduleSpecifier, attributes } = statement;
  if (!importClause) return [statement];
  const values = new Set(importedValues(importClause, checker));
  if (values.size === 0) return [];
  // New nodes: those that were written would be left out where the cell does not use them.
  const again = ({ text }: ts.Identifier) => factory.createIdentifier(text);
  const { name, namedBindings } = importClause;
  let bindings: ts.NamedImportBindings | undefined;
  if (namedBindings && ts.isNamespaceImport(namedBindings))
    bindings = values.has(namedBindings.name) ? factory.createNamespaceImport(again(namedBindings.name)) : undefined;
  else if (namedBindings)
    bindings = factory.createNamedImports(
      namedBindings.elements
        .filter((element) => values.has(element.name))
        .map(({ propertyName, name: local }) =>
          factory.createImportSpecifier(
            false,
            propertyName && (ts.isIdentifier(propertyName) ? again(propertyName) : propertyName),
            again(local),
          ),
        ),
    );
  const clause = factory.createImportClause(undefined, name && values.has(name) ? again(name) : undefined, bindings);
  const kept = factory.createImportDeclaration(
    undefined,
    clause,
    factory.createStringLiteral((moduleSpecifier as ts.StringLiteral).text),
    attributes,
  );
  return [ts.setTextRange(kept, statement)];
}

function keptRequire(statement: ts.ImportEqualsDeclaration, factory: ts.NodeFactory): ts.Statement[] {
  const { name, moduleReference, isTypeOnly } = statement;
  if (isTypeOnly || !ts.isExternalModuleReference(moduleReference)) return [statement];
  const call = factory.createCallExpression(factory.createIdentifier("require"), undefined, [
    moduleReference.expression,
  ]);
  const declaration = factory.createVariableDeclaration(name.text, undefined, undefined, call);
  const list = factory.createVariableDeclarationList([declaration], ts.NodeFlags.Const);
  return [ts.setTextRange(factory.createVariableStatement(undefined, list), statement)];
}

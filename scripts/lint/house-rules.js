// House rules for oxlint: our own dangers, each message says why. ESLint rule shape.
const isNamed = (node, object, property) =>
  node.type === 'MemberExpression' && node.object.type === 'Identifier' && node.object.name === object && node.property.name === property;

const secretName = /(private|secret)_?key|mnemonic|passphrase|session_?token/i;

/** Names that stand for an amount of money wherever they are. */
const moneyName =
  /^(amount|price|balance|allowance|cumulative|charged|claimed|maxAmountRequired|maxClaimableAmount|minDeposit|\w+(Amount|Price|Balance|Allowance))$/;
const isMoneyName = (name) => moneyName.test(name ?? '');
/** Where nearly every number is money. */
const isMoneyFile = (filename) =>
  /packages\/(payments|contracts)\/src\/|packages\/node\/src\/sale|packages\/cli\/src\/(curl|pay|spend)/.test(filename);
const calledName = (callee) => (callee.type === 'MemberExpression' ? callee.property?.name : callee.name);
const isMoney = (node) =>
  node?.type === 'MemberExpression' ? isMoneyName(node.property?.name) : node?.type === 'Identifier' && isMoneyName(node.name);
/** Whether an expression holds money anywhere that its value comes from: not in what is compared or counted. */
function mentionsMoney(node) {
  if (!node || isMoney(node)) return Boolean(node);
  switch (node.type) {
    case 'BinaryExpression':
    case 'LogicalExpression':
      return (
        ['+', '-', '*', '/', '%', '**', '??', '||', '&&'].includes(node.operator) && (mentionsMoney(node.left) || mentionsMoney(node.right))
      );
    case 'CallExpression':
      return (
        ['String', 'BigInt', 'toString'].includes(calledName(node.callee)) && [node.callee.object, ...node.arguments].some(mentionsMoney)
      );
    case 'ConditionalExpression':
      return mentionsMoney(node.consequent) || mentionsMoney(node.alternate);
    case 'TSAsExpression':
    case 'TSNonNullExpression':
    case 'ChainExpression':
    case 'UnaryExpression':
      return mentionsMoney(node.expression ?? node.argument);
    case 'TemplateLiteral':
      return node.expressions.some(mentionsMoney);
    default:
      return false;
  }
}
const holdsNumber = (type) =>
  type?.type === 'TSNumberKeyword' ||
  (type?.type === 'TSUnionType' && type.types.some(holdsNumber)) ||
  (type?.type === 'TSArrayType' && holdsNumber(type.elementType));

export default {
  meta: { name: 'house' },
  rules: {
    'no-process-env': {
      create: (context) => ({
        MemberExpression(node) {
          if (!isNamed(node, 'process', 'env') || /\/(config|environment)\.ts$/.test(context.filename)) return;
          context.report({
            node,
            message: 'Read the environment only in config.ts: one place parses it, so a reader can see every setting and its source.',
          });
        },
      }),
    },
    'no-shell-strings': {
      create: (context) => ({
        CallExpression(node) {
          const name = node.callee.type === 'Identifier' ? node.callee.name : node.callee.property?.name;
          const shell = node.arguments.some(
            (a) => a.type === 'ObjectExpression' && a.properties.some((p) => p.key?.name === 'shell' && p.value.value === true),
          );
          const fromChildProcess = name === 'execSync' || (name === 'exec' && node.callee.type === 'Identifier');
          if (fromChildProcess || shell)
            context.report({
              node,
              message:
                'No shell: pass the program and its arguments as a list (spawn, execFile), so that no name or path can become a command.',
            });
        },
      }),
    },
    'no-float-money': {
      create: (context) => {
        const report = (node) =>
          context.report({ node, message: 'Money is an integer in atomic units: use BigInt, never a floating-point number.' });
        const isTyped = (annotation) => holdsNumber(annotation?.typeAnnotation);
        return {
          CallExpression(node) {
            const name = calledName(node.callee);
            const isConversion = ['parseFloat', 'parseInt', 'Number'].includes(name) || node.callee.object?.name === 'Math';
            if (isConversion && node.arguments.some(mentionsMoney)) report(node);
            // Rounding makes a text of a fraction; texts of money come from formatUnits.
            if (
              ['toFixed', 'toPrecision', 'toExponential'].includes(name) &&
              (isMoneyFile(context.filename) || mentionsMoney(node.callee.object))
            )
              report(node);
          },
          UnaryExpression(node) {
            if (node.operator === '+' && mentionsMoney(node.argument)) report(node);
          },
          BinaryExpression(node) {
            if (!['+', '-', '*', '/', '%', '**', '<', '>', '<=', '>='].includes(node.operator)) return;
            const sides = [node.left, node.right];
            if (sides.some(isMoney) && sides.some((side) => typeof side.value === 'number')) report(node);
          },
          AssignmentExpression(node) {
            if (node.operator !== '=' && isMoney(node.left) && typeof node.right.value === 'number') report(node);
          },
          // What is declared as an integer is one in everything that the type checker sees, so that arithmetic with numbers does not compile.
          TSPropertySignature(node) {
            if (isMoneyName(node.key.name) && isTyped(node.typeAnnotation)) report(node);
          },
          PropertyDefinition(node) {
            if (isMoneyName(node.key.name) && isTyped(node.typeAnnotation)) report(node);
          },
          Identifier(node) {
            if (node.typeAnnotation && isMoneyName(node.name) && isTyped(node.typeAnnotation)) report(node);
          },
          VariableDeclarator(node) {
            if (node.id.type === 'Identifier' && isMoneyName(node.id.name) && typeof node.init?.value === 'number') report(node);
          },
          Property(node) {
            if (!isMoneyName(node.key?.name)) return;
            const isSchema =
              node.value?.type === 'CallExpression' &&
              /^z\b[\s\S]*\.(number|int|float32|float64)\(/.test(context.sourceCode.getText(node.value));
            if (isSchema || typeof node.value?.value === 'number') report(node);
          },
        };
      },
    },
    'no-secret-in-log': {
      create: (context) => ({
        CallExpression(node) {
          const callee = context.sourceCode.getText(node.callee);
          if (!/^(console\.\w+|log(ger)?(\.\w+)?|\w+\.log(\.\w+)?)$/.test(callee)) return;
          for (const argument of node.arguments) {
            if (secretName.test(context.sourceCode.getText(argument)) && argument.type !== 'Literal')
              context.report({ node: argument, message: 'A secret must never reach a log: log the address or a hash instead.' });
          }
        },
      }),
    },
  },
};

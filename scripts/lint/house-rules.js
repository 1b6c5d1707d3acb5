// House rules for oxlint: our own dangers, each message says why. ESLint rule shape.
const isNamed = (node, object, property) =>
  node.type === 'MemberExpression' && node.object.type === 'Identifier' && node.object.name === object && node.property.name === property;

const secretName = /(private|secret)_?key|mnemonic|passphrase|session_?token/i;

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
      create: (context) => ({
        CallExpression(node) {
          const name = node.callee.name;
          if (name !== 'parseFloat' && name !== 'Number') return;
          const text = context.sourceCode.getText(node.arguments[0] ?? node);
          if (/(amount|price|balance|value_?atomic|allowance)/i.test(text))
            context.report({ node, message: 'Money is an integer in atomic units: use BigInt, never a floating-point number.' });
        },
      }),
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

export function FunctionsApp() {
  return null;
}

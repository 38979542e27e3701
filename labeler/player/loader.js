// Starts a component in the browser. Streamlit runs this script from a blob: address, where relative imports lead nowhere. So each
// module gets a blob: address of its own here, and the modules that import it get that address.

// scripts.py puts them here: [path, text] of each module, after those that it imports. The last is the component.
const MODULES = [];

const addresses = new Map();
let address;
for (const [path, text] of MODULES) {
  const linked = text.replace(/"earmark:([^"]+)"/g, (_, imported) => `"${addresses.get(imported)}"`);
  // With a name the browser's console shows in which module something happened.
  address = URL.createObjectURL(new Blob([`${linked}\n//# sourceURL=earmark/${path}\n`], { type: "text/javascript" }));
  addresses.set(path, address);
}
const { default: component } = await import(address);

export default component;

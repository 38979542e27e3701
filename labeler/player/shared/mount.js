// From Streamlit's calls to one component that lasts.

// Streamlit calls a component again whenever its data or the theme changes. This must not disturb what plays. So the component of
// a place stays as long as it `serves(data)`: then it gets `stay(data)`. Otherwise it gets `leave()`, and a new one is made.
// `tell(name, value)` runs the page's script again, in which the value stands once under that name.
export function mounted(Component) {
  const standing = new WeakMap();
  return ({ parentElement, data, setTriggerValue: tell }) => {
    let { component } = standing.get(parentElement) ?? {};
    if (component?.serves(data)) component.stay(data, tell);
    else {
      component?.leave();
      component = new Component(parentElement, data, tell);
    }
    const mounting = { component };
    standing.set(parentElement, mounting);
    // Streamlit cleans up after a call that another has overtaken; the component then belongs to the newer call.
    return () => standing.get(parentElement) === mounting && component.leave();
  };
}

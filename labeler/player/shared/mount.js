// From Streamlit's calls to one component that lasts.

// Streamlit calls a component again whenever its data or the theme changes. This must not disturb what plays. So the component of
// a place stays as long as it `serves(data)`: then it gets `stay(data)`. Otherwise it gets `leave()`, and a new one is made.
export function mounted(Component) {
  const standing = new WeakMap();
  // `setTriggerValue(name, value)` runs the page again, which then gets the value.
  return ({ parentElement, data, setTriggerValue }) => {
    let { component } = standing.get(parentElement) ?? {};
    if (component?.serves(data)) component.stay(data, setTriggerValue);
    else {
      component?.leave();
      component = new Component(parentElement, data, setTriggerValue);
    }
    const mounting = { component };
    standing.set(parentElement, mounting);
    // Streamlit cleans up after a call that another has overtaken; the component then belongs to the newer call.
    return () => standing.get(parentElement) === mounting && component.leave();
  };
}

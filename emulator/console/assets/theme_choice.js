// Which colours the pages have: the system's, or what the reader chose in this browser before.
const KEY = "console-colours";

export default {
  template: `
    <label><span class="unseen">Colours</span>
      <select class="field" :value="choice" @change="choose($event.target.value)">
        <option value="system">◐ System</option><option value="light">☀ Light</option><option value="dark">☾ Dark</option>
      </select>
    </label>`,
  data: () => ({ choice: localStorage.getItem(KEY) || "system" }),
  methods: {
    choose(choice) {
      this.choice = choice;
      if (choice === "system") localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, choice);
      setDark(choice === "system" ? null : choice === "dark");
    },
  },
};

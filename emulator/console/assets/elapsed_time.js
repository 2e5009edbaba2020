// How long something that is under way has taken so far.
import { durationText } from "console-times";

export default {
  template: "<span>{{ text }}</span>",
  props: { since: String },
  data: () => ({ now: Date.now() }),
  computed: {
    text() {
      return durationText((this.now - new Date(this.since)) / 1000);
    },
  },
  mounted() {
    this.clock = setInterval(() => (this.now = Date.now()), 1000);
  },
  unmounted() {
    clearInterval(this.clock);
  },
};

// How long something that is under way has taken so far; times.py writes finished durations in the same form.
const pad = (number) => String(number).padStart(2, "0");

function durationText(seconds) {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${pad(whole % 60)} s`;
  if (whole < 86400) return `${Math.floor(whole / 3600)} h ${pad(Math.floor((whole % 3600) / 60))} min`;
  return `${Math.floor(whole / 86400)} d ${pad(Math.floor((whole % 86400) / 3600))} h`;
}

export default {
  template: "<span>{{ text }}</span>",
  props: { since: String },
  data: () => ({ now: Date.now() }),
  computed: {
    text() {
      return durationText(Math.max(0, (this.now - new Date(this.since)) / 1000));
    },
  },
  mounted() {
    this.clock = setInterval(() => (this.now = Date.now()), 1000);
  },
  unmounted() {
    clearInterval(this.clock);
  },
};

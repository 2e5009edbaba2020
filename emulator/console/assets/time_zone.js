// Says in which zone the page's times are.
export default {
  template: "<span>{{ text }}</span>",
  computed: {
    text() {
      const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "this browser's zone";
      return zone === "UTC" ? "Times are in UTC." : `Times are in ${zone}; their UTC forms stand in their tooltips.`;
    },
  },
};

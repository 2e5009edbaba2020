// Says in which zone the page's times are.
export default {
  template: "<span>{{ text }}</span>",
  computed: {
    text() {
      const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
      return zone ? `Times are in ${zone}; their UTC forms stand in their tooltips.` : "Times are in this browser's zone.";
    },
  },
};

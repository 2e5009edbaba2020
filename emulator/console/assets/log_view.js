// The end of a log; it follows new lines while its end is in view.
export default {
  template: '<pre class="log" tabindex="0" role="region">{{ text }}</pre>',
  props: { text: String },
  mounted() {
    this.$el.scrollTop = this.$el.scrollHeight;
  },
  watch: {
    text() {
      const atEnd = this.$el.scrollTop + this.$el.clientHeight >= this.$el.scrollHeight - 30;
      if (atEnd) this.$nextTick(() => (this.$el.scrollTop = this.$el.scrollHeight));
    },
  },
};

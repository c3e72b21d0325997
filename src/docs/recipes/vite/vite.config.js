import { svelte } from "@sveltejs/vite-plugin-svelte";
import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [svelte(), vue()],
  build: {
    rolldownOptions: {
      input: ["elements", "react", "svelte", "vue"].map((name) =>
        `${name}.html`
      ),
    },
  },
});

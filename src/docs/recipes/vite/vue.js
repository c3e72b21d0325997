import { taskwire } from "taskwire/vue";
import { createApp } from "vue";
import App from "./App.vue";
import { getToken, url } from "./server.js";

createApp(App).use(taskwire, { url, getToken }).mount("#app");

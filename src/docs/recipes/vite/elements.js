import { configure } from "taskwire/elements";
import { getToken, upload, url } from "./server.js";

configure({ url, getToken });
document.querySelector("taskwire-progress").setAttribute("task", upload);

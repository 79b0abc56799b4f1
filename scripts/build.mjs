// `npm run build`: installs what is missing, then compiles what has changed.
import { build, install } from './workspace.mjs'

install()
build()

#pragma once

namespace names {
inline constexpr auto kControl = "/tmp/control";
#define DATA_SOCKET "/var/tmp/" "data.sock"
}

#pragma once

namespace names {
inline constexpr auto kControl = "editor.control";
#define DATA_SOCKET "editor" ".data"
}

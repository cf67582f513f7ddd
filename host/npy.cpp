#include "host/npy.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <optional>
#include <utility>

#include "core/check.h"

namespace pare::host {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::size_t kMaxHeader = 4096;

struct Kind {
  std::string_view name, descr;
  std::size_t bytes;
};
constexpr std::array<Kind, 12> kKinds{{{"float32", "<f4", 4},
                                       {"float64", "<f8", 8},
                                       {"float16", "<f2", 2},
                                       {"int8", "|i1", 1},
                                       {"uint8", "|u1", 1},
                                       {"bool", "|b1", 1},
                                       {"int16", "<i2", 2},
                                       {"uint16", "<u2", 2},
                                       {"int32", "<i4", 4},
                                       {"uint32", "<u4", 4},
                                       {"int64", "<i8", 8},
                                       {"uint64", "<u8", 8}}};

const Kind* kind_named(std::string_view name) {
  const auto* at = std::ranges::find(kKinds, name, &Kind::name);
  return at == kKinds.end() ? nullptr : at;
}

// The text behind 'key': in the header's Python dictionary, or nothing.
std::optional<std::string_view> value_of(std::string_view header, std::string_view key) {
  const std::string quoted = "'" + std::string(key) + "':";
  const std::size_t at = header.find(quoted);
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view rest = header.substr(at + quoted.size());
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  return rest;
}

std::optional<std::string> quoted_text(std::string_view text) {
  if (!text.starts_with('\'')) return std::nullopt;
  const std::size_t end = text.find('\'', 1);
  if (end == std::string_view::npos) return std::nullopt;
  return std::string(text.substr(1, end - 1));
}

// "(1, 3, 640)", "(5,)" or "()".
std::optional<std::vector<std::int64_t>> tuple(std::string_view text) {
  if (!text.starts_with('(')) return std::nullopt;
  std::vector<std::int64_t> values;
  const char* at = text.data() + 1;
  const char* end = text.data() + text.size();
  while (true) {
    while (at != end && (*at == ' ' || *at == ',')) ++at;
    if (at == end) return std::nullopt;
    if (*at == ')') return values;
    std::int64_t value = 0;
    const auto [next, failure] = std::from_chars(at, end, value);
    if (failure != std::errc() || value < 0) return std::nullopt;
    values.push_back(value);
    at = next;
  }
}

// Bytes that the shape takes, or nothing if that is over the limit (in its other dimensions, where
// one is 0: whoever counts elements multiplies them all).
std::optional<std::int64_t> payload(std::span<const std::int64_t> shape, std::size_t element,
                                    std::int64_t limit) {
  auto bytes = static_cast<std::int64_t>(element);
  for (const std::int64_t size : shape) {
    if (size == 0) continue;
    if (size > limit / bytes) return std::nullopt;
    bytes *= size;
  }
  return std::ranges::find(shape, 0) != shape.end() ? 0 : bytes;
}

// The dictionary as text, with the stream behind it; or what is wrong.
std::variant<std::string, const char*> read_header(std::ifstream& file) {
  std::array<unsigned char, 8> start;
  if (!file.read(reinterpret_cast<char*>(start.data()), start.size()) ||
      !std::equal(kMagic.begin(), kMagic.end(), start.begin(),
                  [](char a, unsigned char b) { return static_cast<unsigned char>(a) == b; })) {
    return "it does not begin as one";
  }
  if (start[6] < 1 || start[6] > 3) return "its format is not 1, 2 or 3";
  std::array<unsigned char, 4> length{};
  if (!file.read(reinterpret_cast<char*>(length.data()), start[6] == 1 ? 2 : 4)) {
    return "it ends in its header";
  }
  const std::size_t size =
      length[0] | length[1] << 8U | length[2] << 16U | static_cast<std::size_t>(length[3]) << 24U;
  if (size > kMaxHeader) return "its header is over 4096 bytes";
  std::string header(size, '\0');
  if (!file.read(header.data(), static_cast<std::streamsize>(size))) return "it ends in its header";
  return header;
}

}  // namespace

std::size_t npy_element_bytes(std::string_view dtype) noexcept {
  const Kind* kind = kind_named(dtype);
  return kind == nullptr ? 0 : kind->bytes;
}

Result<NpyArray> read_npy(const std::filesystem::path& path, std::int64_t max_bytes) {
  const auto refuse = [&](const std::string& why) {
    return Error{ErrorCode::kInvalidArgument, path.string() + " is not a usable .npy file: " + why};
  };
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error{ErrorCode::kNotFound, path.string() + " cannot be opened"};
  const auto header = read_header(file);
  if (const auto* why = std::get_if<const char*>(&header)) return refuse(*why);
  const auto& text = std::get<std::string>(header);
  const auto descr = quoted_text(value_of(text, "descr").value_or(""));
  const auto shape = tuple(value_of(text, "shape").value_or(""));
  if (!descr || !shape || !value_of(text, "fortran_order").value_or("").starts_with("False")) {
    return refuse("its header is " + text);
  }
  const auto* kind = std::ranges::find(kKinds, *descr, &Kind::descr);
  if (kind == kKinds.end()) return refuse("its type is " + *descr);
  const auto bytes = payload(*shape, kind->bytes, max_bytes);
  if (!bytes) return refuse("it holds more than " + std::to_string(max_bytes) + " bytes");
  std::error_code failure;
  const auto file_bytes = static_cast<std::int64_t>(std::filesystem::file_size(path, failure));
  const auto header_bytes = static_cast<std::int64_t>(file.tellg());
  if (failure || file_bytes != header_bytes + *bytes) {
    return refuse("it has " + std::to_string(file_bytes - header_bytes) +
                  " bytes of data, its shape needs " + std::to_string(*bytes));
  }
  NpyArray array{std::string(kind->name), *shape,
                 std::vector<std::byte>(static_cast<std::size_t>(*bytes))};
  if (!file.read(reinterpret_cast<char*>(array.bytes.data()), *bytes))
    return refuse("it cannot be read");
  return array;
}

Result<std::monostate> write_npy(const std::filesystem::path& path, std::string_view dtype,
                                 std::span<const std::int64_t> shape,
                                 std::span<const std::byte> bytes) {
  const Kind* kind = kind_named(dtype);
  PARE_CHECK(kind != nullptr, "an .npy file of an unsupported type");
  std::string header =
      "{'descr': '" + std::string(kind->descr) + "', 'fortran_order': False, 'shape': (";
  for (const std::int64_t size : shape) header += std::to_string(size) + ",";
  header += "), }";
  header.append(63 - (kMagic.size() + 4 + header.size()) % 64, ' ');  // data starts at 64 n
  header += '\n';
  // A file that keeps its pages takes a fraction of the time that a new one does.
  std::error_code failure;
  const auto size = kMagic.size() + 4 + header.size() + bytes.size();
  std::ofstream file;
  if (std::filesystem::file_size(path, failure) == size && !failure) {
    file.open(path, std::ios::binary | std::ios::in);
  } else {
    file.open(path, std::ios::binary | std::ios::trunc);
  }
  file << kMagic << '\x01' << '\0' << static_cast<char>(header.size() & 0xFFU)
       << static_cast<char>(header.size() >> 8U) << header;
  file.write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (!file) return Error{ErrorCode::kUnavailable, path.string() + " cannot be written"};
  return std::monostate{};
}

}  // namespace pare::host

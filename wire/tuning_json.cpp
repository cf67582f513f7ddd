#include "wire/tuning_json.h"

#include <array>
#include <nlohmann/json.hpp>

#include "wire/parts.h"

namespace pare::wire {
namespace {

using Json = nlohmann::json;

constexpr std::array<std::string_view, 4> kStates = {"training", "tuned", "kept", "failed"};

TunedMember read_member(Fields& fields) {
  TunedMember out;
  out.trial = fields.small("trial", 1);
  out.state = static_cast<TuningState>(fields.one_of("state", kStates));
  if (fields.has("tuned_trial")) out.tuned_trial = fields.small("tuned_trial", 1);
  if (fields.has("before")) out.before = fields.number("before", 0.0);
  if (fields.has("after")) out.after = fields.number("after", 0.0);
  if (fields.has("reason")) out.reason = fields.text("reason");
  return out;
}

Json member_value(const TunedMember& member) {
  Json value = {{"trial", member.trial},
                {"state", kStates[static_cast<std::size_t>(member.state)]}};
  if (member.tuned_trial > 0) value["tuned_trial"] = member.tuned_trial;
  if (member.before > 0) value.update({{"before", member.before}, {"after", member.after}});
  if (!member.reason.empty()) value["reason"] = member.reason;
  return value;
}

}  // namespace

Json tuning_value(const Tuning& tuning) {
  Json members = Json::array();
  for (const TunedMember& member : tuning.members) members.push_back(member_value(member));
  return {{"members", std::move(members)}};
}

std::string tuning_to_json(const Tuning& tuning) {
  return dump(tuning_value(tuning));
}

Result<Tuning> parse_tuning(std::string_view json) {
  return decode(json, "tuning", [](Fields& fields) {
    Tuning out;
    fields.objects("members", [&](Fields& one) { out.members.push_back(read_member(one)); });
    return out;
  });
}

std::vector<schema::Field> tuning_fields() {
  const Schema member = schema::object(
      {schema::must("trial", schema::small(1)), schema::must("state", schema::one_of(kStates)),
       schema::may("tuned_trial", schema::small(1)), schema::may("before", schema::number(0)),
       schema::may("after", schema::number(0)), schema::may("reason", schema::text())});
  return {schema::must("members", schema::list(member))};
}

}  // namespace pare::wire

#include "cli/format.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "cli/check_facts.h"
#include "cli/table.h"
#include "wire/check_json.h"
#include "wire/result_words.h"

namespace pare::cli {

using nlohmann::json;
using wire::accuracy_name;
using wire::gain_words;

namespace {

std::string text_at(const json& object, const char* name, const std::string& otherwise = "") {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : otherwise;
}

double number_at(const json& object, const char* name, double otherwise = 0) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number() ? found->get<double>() : otherwise;
}

bool has(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && !found->is_null();
}

json list_at(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_array() ? *found : json::array();
}

std::string joined(const json& texts, const char* separator = ", ") {
  std::string out;
  for (const json& text : texts) {
    out +=
        (out.empty() ? "" : separator) + (text.is_string() ? text.get<std::string>() : text.dump());
  }
  return out;
}

std::string whole(double number) {
  return fmt::format("{:.0f}", number);
}

// "71.9 [71.2, 72.8]", with a "?" where the device was not itself
std::string latency_text(const json& member) {
  return milliseconds(number_at(member, "latency_ms")) + " [" +
         milliseconds(number_at(member, "latency_low_ms")) + ", " +
         milliseconds(number_at(member, "latency_high_ms")) + "]" +
         (has(member, "latency_suspect") ? " ?" : "");
}

// ", map_small 12.30": what the job asks about beside mAP.
std::string figures_text(const json& scored) {
  std::string out;
  const json figures = scored.value("figures", json::object());  // items() refers to it
  for (const auto& [metric, value] : figures.items()) {
    out += ", " + metric + " " + percent_points(value.is_number() ? value.get<double>() : 0);
  }
  return out;
}

// " (32 images: beaten)" where scoring stopped before the last image.
std::string part_text(const json& outcome) {
  if (!has(outcome, "expected_map")) return "";
  return " (" + whole(number_at(outcome, "images")) + " images: beaten)";
}

// " [29.8, 36.9]": 95 %, over the images
std::string interval_text(const json& member) {
  if (!has(member, "map_high")) return "";
  return fmt::format(" [{:.1f}, {:.1f}]", 100 * number_at(member, "map_low"),
                     100 * number_at(member, "map_high"));
}

// "0.62 [-0.3, 1.5]": points, 95 %, on the same images as the original
std::string lost_text(const json& member) {
  std::string out = fmt::format("{:.2f}", number_at(member, "map_lost"));
  if (!has(member, "map_lost_high")) return out;
  return out + fmt::format(" [{:.1f}, {:.1f}]", number_at(member, "map_lost_low"),
                           number_at(member, "map_lost_high"));
}

// "44.10 [42.9, 45.3] (128), lost 0.71 [-0.4, 1.8]": the same on images that chose nothing
std::string held_back_text(const json& member) {
  if (!has(member, "held_back")) return "-";
  const json& there = member["held_back"];
  std::string out = percent_points(number_at(there, "map_50_95")) + interval_text(there) + " (" +
                    whole(number_at(there, "images")) + ")";
  return has(there, "map_lost") ? out + ", lost " + lost_text(there) : out;
}

std::vector<std::string> member_cells(const json& member, const std::string& mark, bool held_back) {
  std::vector<std::string> cells = {
      mark + short_sha(text_at(member, "plan_sha256")),
      percent_points(number_at(member, "map_50_95")) + interval_text(member) + " (" +
          whole(number_at(member, "images")) + ")" + figures_text(member),
      lost_text(member),
      latency_text(member),
      fmt::format("{:.2f}x", number_at(member, "speedup", 1.0)),
      has(member, "on_front") ? fmt::format("{:.0f} %", 100 * number_at(member, "on_front")) : "-",
      byte_size(number_at(member, "bytes")),
      text_at(member, "precision"),
      text_at(member, "description")};
  if (held_back) cells.insert(cells.begin() + 3, held_back_text(member));
  return cells;
}

bool holds_back(const json& front) {
  return std::ranges::any_of(list_at(front, "members"),
                             [](const json& member) { return has(member, "held_back"); });
}

// What a trial came to on its targets, in one cell.
std::string outcomes_text(const json& trial) {
  std::string out;
  const json outcomes = trial.value("outcomes", json::object());  // items() refers to it
  for (const auto& [target, outcome] : outcomes.items()) {
    out += (out.empty() ? "" : "; ") + target + " ";
    if (has(outcome, "infeasible")) {
      out += "infeasible: " + text_at(outcome, "infeasible");
    } else {
      out += has(outcome, "map_50_95")
                 ? accuracy_name(outcome) + " " + percent_points(number_at(outcome, "map_50_95")) +
                       part_text(outcome) + figures_text(outcome)
                 : "-";
      out += has(outcome, "latency_ms") ? ", " + milliseconds(number_at(outcome, "latency_ms")) +
                                              " ms" + (has(outcome, "latency_suspect") ? " ?" : "")
                                        : "";
    }
  }
  return out.empty() ? text_at(trial, "reason") : out;
}

}  // namespace

std::string bar(double share, int columns) {
  constexpr const char* kEighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const int eighths = static_cast<int>(std::lround(std::clamp(share, 0.0, 1.0) * columns * 8));
  std::string out;
  for (int i = 0; i < eighths / 8; ++i) out += "█";
  out += kEighths[eighths % 8];
  for (int i = (eighths + 7) / 8; i < columns; ++i) out += "░";
  return out;
}

std::string models_table(const json& models, int width) {
  Table table({{"name"}, {"sha256"}, {"state"}, {"head"}, {"what"}});
  for (const json& model : models) {
    const json card = has(model, "card") ? model["card"] : json::object();
    table.add({text_at(model, "name"), short_sha(text_at(model, "sha256")), text_at(model, "state"),
               text_at(card, "head", "-"), text_at(model, "reason")});
  }
  return table.text(width);
}

std::string datasets_table(const json& datasets, int width) {
  Table table({{"name"},
               {"sha256"},
               {"state"},
               {"calibration", Align::kRight},
               {"validation", Align::kRight},
               {"boxes", Align::kRight},
               {"classes", Align::kRight},
               {"what"}});
  for (const json& dataset : datasets) {
    table.add({text_at(dataset, "name"), short_sha(text_at(dataset, "sha256")),
               text_at(dataset, "state"), whole(number_at(dataset, "calibration_images")),
               whole(number_at(dataset, "validation_images")), whole(number_at(dataset, "boxes")),
               std::to_string(list_at(dataset, "classes").size()), text_at(dataset, "reason")});
  }
  return table.text(width);
}

std::string dataset_text(const json& dataset, int width) {
  std::string out = datasets_table(json::array({dataset}), width);
  const json& classes = list_at(dataset, "classes");
  const json& boxes = list_at(dataset, "class_boxes");
  if (!classes.empty() && classes.size() == boxes.size()) {
    Table table({{"class"}, {"boxes", Align::kRight}});
    for (std::size_t i = 0; i < classes.size(); ++i) {
      table.add({classes[i].get<std::string>(), boxes[i].dump()});
    }
    out += "\n" + table.text(width);
  }
  for (const json& note : list_at(dataset, "notes")) {
    out += "note: " + note.get<std::string>() + "\n";
  }
  return out;
}

std::string targets_table(const json& targets, int width) {
  Table table({{"name"},
               {"runtime"},
               {"pool"},
               {"threads", Align::kRight},
               {"precisions"},
               {"workers", Align::kRight}});
  for (const json& target : targets) {
    table.add({text_at(target, "name"), text_at(target, "runtime"), text_at(target, "pool"),
               whole(number_at(target, "threads")), joined(list_at(target, "precisions")),
               whole(number_at(target, "workers"))});
  }
  return table.text(width);
}

std::string workers_table(const json& workers, int width) {
  Table table({{"name"}, {"state"}, {"pools"}, {"last seen"}, {"device"}, {"runtimes"}, {"can"}});
  for (const json& worker : workers) {
    std::string runtimes;
    for (const json& runtime : list_at(worker, "runtimes")) {
      runtimes += (runtimes.empty() ? "" : ", ") + text_at(runtime, "name") + " " +
                  text_at(runtime, "version");
    }
    table.add({text_at(worker, "name"), text_at(worker, "state"), joined(list_at(worker, "pools")),
               text_at(worker, "last_seen"), short_sha(text_at(worker, "device")), runtimes,
               joined(list_at(worker, "capabilities"))});
  }
  return table.text(width);
}

namespace {

// What is left of closed form's loss at the first and at the last share that was judged.
std::string gain_text(const json& training) {
  std::string out;
  for (const json& one : list_at(training, "judged")) {
    const double before = number_at(one, "closed_form");
    if (before <= 0) continue;
    out += fmt::format("{}-{:.0f} %: {:+.0f} %", out.empty() ? "" : ", ",
                       100 * number_at(one, "removed"),
                       100 * (number_at(one, "trained") / before - 1));
  }
  return out;
}

// What was trained for int8 as well; empty: nothing.
std::string int8_text(const json& training) {
  if (!has(training, "int8")) return "";
  const json& int8 = training["int8"];
  if (!int8.value("kept", false)) {
    return "for int8: no better than without, and left out\n";
  }
  return fmt::format("for int8, in {} steps: {:.4f} -> {:.4f}, {:+.0f} %\n",
                     whole(number_at(int8, "steps")), number_at(int8, "untrained"),
                     number_at(int8, "trained"),
                     100 * (number_at(int8, "trained") / number_at(int8, "untrained") - 1));
}

std::string where_it_was_trained(const json& supernet) {
  if (!has(supernet, "job")) return "added as a file, trained elsewhere";
  return "had trained by job " + whole(number_at(supernet, "job")) + ", with dataset " +
         short_sha(text_at(supernet, "dataset_sha256")) + ",";
}

}  // namespace

std::string supernets_table(const json& supernets, int width) {
  Table table({{"sha256"},
               {"job", Align::kRight},
               {"model"},
               {"images", Align::kRight},
               {"steps", Align::kRight},
               {"took", Align::kRight},
               {"size", Align::kRight},
               {"for"},
               {"held-out loss, by share of MACs removed"}});
  for (const json& one : supernets) {
    const json training = one.value("training", json::object());
    table.add({short_sha(text_at(one, "sha256")),
               has(one, "job") ? whole(number_at(one, "job")) : "added",
               short_sha(text_at(one, "model_sha256")), whole(number_at(training, "images")),
               whole(number_at(training, "steps")), duration_text(number_at(training, "seconds")),
               byte_size(number_at(one, "bytes")),
               has(one, "plan_sha256") ? "plan " + short_sha(text_at(one, "plan_sha256")) : "all",
               gain_text(training)});
  }
  return table.text(width);
}

std::string supernet_text(const json& supernet, int width) {
  const json training = supernet.value("training", json::object());
  std::string out = fmt::format(
      "{} {}, {}\n{} on model {}, statistics {}\n"
      "{} images learned from, {} held out; {} steps in {}, {} threads, seed {}; {} on {}\n",
      has(supernet, "plan_sha256")
          ? "the weights of plan " + text_at(supernet, "plan_sha256") + " alone,"
          : "super-network",
      text_at(supernet, "sha256"), byte_size(number_at(supernet, "bytes")),
      where_it_was_trained(supernet), short_sha(text_at(supernet, "model_sha256")),
      short_sha(text_at(supernet, "statistics_sha256")), whole(number_at(training, "images")),
      whole(number_at(training, "held_out_images")), whole(number_at(training, "steps")),
      duration_text(number_at(training, "seconds")), whole(number_at(training, "threads")),
      whole(number_at(training, "seed")), text_at(training, "program"),
      text_at(training, "processor"));
  if (has(training, "parent")) {
    out += "went on from checkpoint " + short_sha(text_at(training["parent"], "sha256")) +
           " of step " + whole(number_at(training["parent"], "step")) + "\n";
  }
  Table table({{"MACs removed", Align::kRight},
               {"closed form", Align::kRight},
               {"trained", Align::kRight},
               {"change", Align::kRight}});
  for (const json& one : list_at(training, "judged")) {
    const double before = number_at(one, "closed_form"), after = number_at(one, "trained");
    table.add({fmt::format("{:.1f} %", 100 * number_at(one, "removed")),
               fmt::format("{:.4f}", before), fmt::format("{:.4f}", after),
               before > 0 ? fmt::format("{:+.0f} %", 100 * (after / before - 1)) : ""});
  }
  out += "distance to the original on the images held out:\n" + table.text(width);
  for (const json& knot : list_at(training, "knots")) {
    if (knot.value("kept", true)) continue;
    out += fmt::format("the change at {:.0f} % is no better than none, and is left out\n",
                       100 * number_at(knot, "removed"));
  }
  out += int8_text(training);
  for (const json& note : list_at(training, "notes")) out += note.get<std::string>() + "\n";
  return out;
}

std::string jobs_table(const json& jobs, int width) {
  Table table({{"job", Align::kRight},
               {"state"},
               {"trials", Align::kRight},
               {"left"},
               {"model"},
               {"targets"},
               {"what"}});
  for (const json& job : jobs) {
    const json trials = job.value("trials", json::object());
    const json budget = job.value("budget", json::object());
    const std::string waits = waits_text(job);
    table.add({whole(number_at(job, "id")), text_at(job, "state"),
               whole(number_at(trials, "finished") + number_at(trials, "failed")) + "/" +
                   whole(number_at(budget, "trials")),
               has(job, "seconds_left") ? duration_text(number_at(job, "seconds_left")) : "",
               text_at(job, "model"), joined(list_at(job, "targets")),
               waits.empty() ? text_at(job, "reason") : waits});
  }
  return table.text(width);
}

std::string trials_table(const json& trials, int width) {
  Table table({{"trial", Align::kRight},
               {"plan"},
               {"state"},
               {"origin"},
               {"size", Align::kRight},
               {"MACs", Align::kRight},
               {"accuracy, latency"}});
  for (const json& trial : trials) {
    table.add({whole(number_at(trial, "number")), short_sha(text_at(trial, "plan_sha256")),
               text_at(trial, "state"), text_at(trial, "origin"),
               has(trial, "bytes") ? byte_size(number_at(trial, "bytes")) : "",
               has(trial, "macs") ? count_text(number_at(trial, "macs")) : "",
               outcomes_text(trial)});
  }
  return table.text(width);
}

std::string front_table(const json& front, int width) {
  const bool held_back = holds_back(front);
  std::vector<Table::Column> columns = {{"  plan"},
                                        {accuracy_name(front) + " (images)", Align::kRight},
                                        {"lost", Align::kRight},
                                        {"latency ms", Align::kRight},
                                        {"speedup", Align::kRight},
                                        {"sure", Align::kRight},
                                        {"size", Align::kRight},
                                        {"precision"},
                                        {"what"}};
  if (held_back)
    columns.insert(columns.begin() + 3, {"on images that chose nothing", Align::kRight});
  Table table(columns);
  const std::string original =
      has(front, "original") ? text_at(front["original"], "plan_sha256") : "";
  bool shown = original.empty();
  std::string doubts;
  for (const json& member : list_at(front, "members")) {
    for (const char* doubt : {"latency_suspect", "accuracy_alarm"}) {
      if (!has(member, doubt)) continue;
      doubts +=
          "? " + short_sha(text_at(member, "plan_sha256")) + ": " + text_at(member, doubt) + "\n";
    }
    const bool same = text_at(member, "plan_sha256") == original;
    table.add(member_cells(member, same ? "= " : "  ", held_back));
    shown |= same;
  }
  if (!shown) table.add(member_cells(front["original"], "= ", held_back));
  if (number_at(front, "hidden") > 0) {
    doubts += whole(number_at(front, "hidden")) +
              " more are hidden: they keep less than half of the accuracy, or are slower or larger "
              "than the original (`--all` shows them)\n";
  }
  std::string head = text_at(front, "target") + ": " +
                     std::to_string(list_at(front, "members").size()) + " on the front";
  if (has(front, "hypervolume")) {
    head += fmt::format(", hypervolume {:.4f}", number_at(front, "hypervolume"));
  }
  return head + (has(front, "original") ? " (=: the original)\n" : "\n") + table.text(width) +
         doubts;
}

namespace {

// What was tried and works, and what does not, line by line; nothing of a summary without it.
std::string tried_text(const json& summary) {
  if (!has(summary, "tried")) return "";
  const json& tried = summary.at("tried");
  json sizes = json::array();
  std::string left_out;
  for (const json& size : list_at(tried, "sizes")) {
    const std::string name = joined(list_at(size, "size"), "x");
    if (has(size, "why_not")) {
      left_out += "left out: input " + name + ": " + text_at(size, "why_not") + "\n";
    } else {
      sizes.push_back(name);
    }
  }
  const auto kept = list_at(tried, "fp32_layers").size();
  const auto layers = list_at(summary, "layers").size();
  std::string precisions = "fp32";
  if (has(tried, "why_no_int8")) {
    left_out += "left out: int8: " + text_at(tried, "why_no_int8") + "\n";
  } else {
    precisions += fmt::format(", int8 ({} of {} layers)", layers - std::min(kept, layers), layers);
    for (const json& layer : list_at(tried, "fp32_layers")) {
      left_out +=
          "stays in fp32: " + text_at(layer, "layer") + ": " + text_at(layer, "reason") + "\n";
    }
  }
  json outputs = json::array();
  for (const json& output : list_at(tried, "outputs")) {
    if (!has(output, "why_not_compared")) outputs.push_back(output.at("name"));
    if (!has(output, "why_not_compared")) continue;
    left_out += "not compared: output " + text_at(output, "name") + ": " +
                text_at(output, "why_not_compared") + "\n";
  }
  return fmt::format("tried in {}, and it works: input {}; {}; outputs compared: {}\n{}\n",
                     duration_text(number_at(tried, "seconds")), joined(sizes), precisions,
                     outputs.empty() ? "none of its own" : joined(outputs), left_out);
}

}  // namespace

namespace {

// How many blocks may be skipped and kernels be smaller; empty: none.
std::string parts_text(const json& summary) {
  std::size_t blocks = 0;
  for (const json& stage : list_at(summary, "stages")) blocks += list_at(stage, "blocks").size();
  const std::size_t kernels = list_at(summary, "kernels").size();
  std::string out;
  if (blocks > 0) {
    out += fmt::format("{} blocks of {} stages can be skipped, the last of each first\n", blocks,
                       list_at(summary, "stages").size());
  }
  if (kernels > 0) out += fmt::format("{} kernels can be smaller\n", kernels);
  return out;
}

}  // namespace

namespace {

// What the completed card says, and where from; empty of a summary that does not say it.
std::string card_text(const json& summary) {
  if (!has(summary, "origins")) return "";
  const json card = summary.value("card", json::object());
  const json& origins = summary["origins"];
  const json how = card.value("preprocessing", json::object());
  const auto line = [&](const char* name, const std::string& value) {
    return fmt::format("  {:<13} {}  <- {}\n", name, value, text_at(origins, name, "unknown"));
  };
  const std::size_t classes = list_at(card, "classes").size();
  return "card:\n" + line("head", text_at(card, "head", "unknown")) +
         line("input", joined(list_at(card, "input"), "x")) +
         line("preprocessing", fmt::format("{}, {}, (pixel - {}) / {}", text_at(how, "color"),
                                           text_at(how, "resize"), list_at(how, "mean").dump(),
                                           list_at(how, "std").dump())) +
         line("classes", classes == 0 ? "not named" : fmt::format("{} names", classes)) + "\n";
}

}  // namespace

std::string summary_text(const json& summary, int width) {
  const json card = summary.value("card", json::object());
  std::string out = fmt::format(
      "head {}, input {}, {}, opset {}\n{} MACs, {} parameters, {}\n\n",
      text_at(card, "head", "unknown"), joined(list_at(card, "input"), "x"),
      number_at(summary, "stride") > 0 ? "stride " + whole(number_at(summary, "stride"))
                                       : "of this size only",
      whole(number_at(summary, "opset")), count_text(number_at(summary, "macs")),
      count_text(number_at(summary, "parameters")), byte_size(number_at(summary, "bytes")));
  out += card_text(summary);
  Table groups({{"group"}, {"channels", Align::kRight}, {"widths", Align::kRight}, {"layers"}});
  double movable = 0;
  for (const json& group : list_at(summary, "groups")) {
    movable += number_at(group, "channels");
    const json widths = list_at(group, "widths");
    groups.add({text_at(group, "name"), whole(number_at(group, "channels")),
                widths.empty() ? "" : widths.front().dump() + ".." + widths.back().dump(),
                joined(list_at(group, "producers"))});
  }
  Table frozen({{"frozen"}, {"channels", Align::kRight}, {"why"}});
  double fixed = 0;
  for (const json& entry : list_at(summary, "frozen")) {
    fixed += number_at(entry, "channels");
    frozen.add(
        {text_at(entry, "layer"), whole(number_at(entry, "channels")), text_at(entry, "reason")});
  }
  out += groups.text(width) + "\n" + frozen.text(width) + "\n";
  const double all = movable + fixed;
  out +=
      fmt::format("{} of {} channels can go ({:.0f} %), in {} groups\n", whole(movable), whole(all),
                  all > 0 ? 100 * movable / all : 0, list_at(summary, "groups").size());
  out += parts_text(summary);
  out += "\n" + tried_text(summary);
  for (const json& note : list_at(summary, "notes"))
    out += "note: " + note.get<std::string>() + "\n";
  return out;
}

// What holds a job up through nobody's fault; empty: nothing does.
std::string waits_text(const json& job) {
  const json waits = list_at(job, "waiting");
  if (waits.empty()) return "";
  const std::string more =
      waits.size() == 1 ? "" : " (and " + std::to_string(waits.size() - 1) + " more)";
  return "waits: " + text_at(waits.front(), "reason") + more;
}

namespace {

// "; tuning 2 of 3" while members of the fronts are trained.
std::string tuning_text(const json& job) {
  if (!has(job, "tuning")) return "";
  const double all = static_cast<double>(list_at(job["tuning"], "members").size());
  const double ended = number_at(job["tuning"], "ended");
  if (ended >= all) return "";
  return "; tuning " + whole(ended + 1) + " of " + whole(all);
}

// A character a value, the higher the larger, from 0 to `most`.
std::string spark(const std::vector<double>& values, double most) {
  constexpr const char* kEighths[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  std::string out;
  for (const double value : values) {
    const double share = most > 0 ? std::clamp(value / most, 0.0, 1.0) : 0;
    out += kEighths[std::min(7L, std::lround(std::floor(share * 8)))];
  }
  return out;
}

// The mean of held-out losses as shares of closed form's, of the plans of one point; 0: none.
double share_of_closed_form(const json& numbers, const json& closed_form) {
  double sum = 0;
  int count = 0;
  for (const auto& [name, value] : numbers.items()) {
    constexpr std::string_view kHeldOut = "held_out/";
    if (!name.starts_with(kHeldOut) || !value.is_number()) continue;
    const double before =
        number_at(closed_form, ("closed_form/" + name.substr(kHeldOut.size())).c_str());
    if (before <= 0) continue;
    sum += value.get<double>() / before;
    ++count;
  }
  return count == 0 ? 0 : sum / count;
}

}  // namespace

std::string training_line(const json& series) {
  json closed_form = json::object();
  std::vector<double> shares;
  for (const json& point : list_at(series, "points")) {
    const json numbers = point.value("numbers", json::object());
    for (const auto& [name, value] : numbers.items()) {
      if (name.starts_with("closed_form/")) closed_form[name] = value;
    }
    const double share = share_of_closed_form(numbers, closed_form);
    if (share > 0) shares.push_back(share);
  }
  if (shares.empty()) return "";
  shares.insert(shares.begin(), 1.0);
  const double most = *std::ranges::max_element(shares);
  return fmt::format("loss on images held out {} {:.2f} of where it began\n", spark(shares, most),
                     shares.back());
}

std::string progress_line(const json& job) {
  const json trials = job.value("trials", json::object());
  const json budget = job.value("budget", json::object());
  const double ended = number_at(trials, "finished") + number_at(trials, "failed");
  const double share = number_at(job, "progress");
  std::string out = fmt::format("job {} {:<10} {} {:3.0f} %  {}/{} trials",
                                whole(number_at(job, "id")), text_at(job, "state"), bar(share, 24),
                                share * 100, whole(ended), whole(number_at(budget, "trials")));
  if (number_at(trials, "failed") > 0) out += ", " + whole(number_at(trials, "failed")) + " failed";
  if (has(job, "seconds_left"))
    out += ", " + duration_text(number_at(job, "seconds_left")) + " left";
  out += tuning_text(job);
  for (const json& task : list_at(job, "under_way")) {
    const std::string message = text_at(task, "message");
    out += fmt::format("; {} {:.0f} %{}", text_at(task, "kind"), 100 * number_at(task, "progress"),
                       message.empty() ? "" : ": " + message);
  }
  const std::string waits = waits_text(job);
  if (!waits.empty()) out += "; " + waits;
  return out;
}

namespace {

std::string all_findings(const json& result) {
  std::string out;
  for (const json& finding : list_at(result, "findings")) {
    out += "  - " + (finding.is_string() ? finding.get<std::string>() : finding.dump()) + "\n";
  }
  for (const json& rule : list_at(result, "avoid")) {
    out += "  not tried" +
           (text_at(rule, "trait") == "any" ? "" : " (" + text_at(rule, "trait") + ")") + ": " +
           text_at(rule, "reason") + "\n";
  }
  return out;
}

std::string summed_up(const json& result) {
  const auto check = wire::parse_device_check(result.dump());
  if (!check) return all_findings(result);  // of a service of another version
  std::string out;
  for (const std::string& fact : facts_of(check.value())) out += "  - " + fact + "\n";
  return out;
}

}  // namespace

std::string checks_text(const json& checks, Findings findings) {
  std::string out;
  for (const json& check : checks) {
    const json result = check.value("result", json::object());
    out += text_at(check, "target") + ": ";
    if (has(check, "reason")) out += "the check failed: " + text_at(check, "reason");
    if (has(result, "refused")) out += "nothing runs: " + text_at(result, "refused");
    if (has(result, "cpu_model")) {
      out += "checked in " + duration_text(number_at(result, "seconds")) + " on " +
             text_at(result, "cpu_model") + ", version " + text_at(result, "runtime_version");
    }
    out += "\n";
    out += findings == Findings::kAll ? all_findings(result) : summed_up(result);
  }
  return out;
}

std::string preprocessing_text(const json& job) {
  const json trial = job.value("preprocessing", json::object());
  std::string out;
  for (const json& alarm : list_at(trial, "alarms")) {
    out += "preprocessing: WARNING: " + alarm.get<std::string>() + "\n";
  }
  for (const json& finding : list_at(trial, "findings")) {
    out += "preprocessing: " + finding.get<std::string>() + "\n";
  }
  return out;
}

std::string predictions_table(const json& answer, int width) {
  Table table({{"plan"}, {"target"}, {"works", Align::kRight}, {"expected [90 %]"}});
  for (const json& item : list_at(answer, "items")) {
    const json predicted = item.value("predicted", json::object());  // items() refers to it
    for (const auto& [target, on] : predicted.items()) {
      std::string expected = text_at(on, "reason");
      for (const auto& [metric, value] : on.items()) {
        if (!value.is_object()) continue;
        const auto shown = [&name = metric, &of = value](const char* field) {
          const double number = number_at(of, field);
          if (name == "latency_ms") return milliseconds(number) + " ms";
          return name.ends_with("bytes") ? byte_size(number) : percent_points(number);
        };
        expected += (expected.empty() ? "" : "; ") + metric + " " + shown("mean") + " [" +
                    shown("low") + ", " + shown("high") + "]";
      }
      table.add({short_sha(text_at(item, "plan_sha256")), target,
                 fmt::format("{:.0f} %", 100 * number_at(on, "works")), expected});
    }
  }
  return table.text(width);
}

std::string best_lines(const json& job, int width) {
  Table table({{"target"},
               {"front", Align::kRight},
               {"hypervolume", Align::kRight},
               {accuracy_name(job) + " of the original", Align::kRight},
               {"fastest within 1.0 point"}});
  for (const json& best : list_at(job, "best")) {
    std::string original = "-";
    if (has(best, "original")) {
      const json& member = best["original"];
      original = percent_points(number_at(member, "map_50_95")) + ", " +
                 milliseconds(number_at(member, "latency_ms")) + " ms";
    }
    std::string fastest = "-";
    if (has(best, "fastest")) {
      const json& member = best["fastest"];
      fastest = fmt::format("{} {}, {} ms, {:.2f}x: {}", accuracy_name(job),
                            percent_points(number_at(member, "map_50_95")),
                            milliseconds(number_at(member, "latency_ms")),
                            number_at(member, "speedup", 1.0), text_at(member, "description"));
    }
    table.add({text_at(best, "target"), whole(number_at(best, "front")),
               fmt::format("{:.4f}", number_at(best, "hypervolume")), original, fastest});
  }
  return list_at(job, "best").empty() ? "" : table.text(width);
}

// How far the earlier job's measurements say what its plans take here.
std::string transfer_lines(const json& job) {
  std::string out;
  if (!has(job, "transfer")) return out;
  const json targets = job["transfer"].value("targets", json::object());  // items() refers to it
  for (const auto& [target, one] : targets.items()) {
    const std::string verdict = text_at(one, "verdict");
    out += target + ": from job " + whole(number_at(job["transfer"], "from")) + ", " +
           whole(number_at(one, "plans")) + " of its plans measured here: ";
    if (verdict == "unknown") {
      out += "too few to say how well the others can be predicted\n";
      continue;
    }
    out += fmt::format("{:.0f} % of the latencies within 10 % of what the others predict",
                       100 * number_at(one, "within_10_percent"));
    out += verdict == "good" ? "\n" : "; NOT good enough to rely on\n";
  }
  return out;
}

std::string offer_lines(const json& job) {
  const std::string accuracy = accuracy_name(job);
  std::string out = transfer_lines(job);
  for (const json& best : list_at(job, "best")) {
    if (!has(best, "fastest")) continue;
    const json& member = best["fastest"];
    const std::string plan = short_sha(text_at(member, "plan_sha256"));
    const double speedup = number_at(member, "speedup", 1.0);
    if (speedup <= 1.0) {
      out += text_at(best, "target") + ": nothing faster than the original within 1.0 " + accuracy +
             " point\n";
    } else {
      out += fmt::format("{}: {}: plan {}, `pare download {} -o {}.onnx`\n",
                         text_at(best, "target"), gain_words(member, accuracy), plan, plan, plan);
      if (has(best, "note")) out += "  (" + text_at(best, "note") + ")\n";
    }
  }
  return out;
}

}  // namespace pare::cli

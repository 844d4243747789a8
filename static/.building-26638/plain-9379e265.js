// Classic script of the shell, ES5 on purpose: it must run where nothing else does. Dresses the page before the first paint, and
// shows one of the shell's plain sentences where the program cannot work (data-plain on <html> stops main.ts).
(function () {
  var root = document.documentElement;
  try {
    var dress = JSON.parse(localStorage.getItem("daiban-dress") || "{}");
    root.className = dress.view || "";
    root.lang = dress.lang || root.lang;
  } catch (e) {}

  var agent = navigator.userAgent;
  // WeChat, mini programs, QQ, DingTalk, Alipay, Weibo, Douyin, Toutiao, Baidu: their pages are closed and forgotten at will.
  var inside = /MicroMessenger|miniProgram|\bQQ\/|DingTalk|AlipayClient|Weibo|aweme|NewsArticle|baiduboxapp/i.test(agent);
  var old =
    !("noModule" in document.createElement("script")) ||
    !window.indexedDB ||
    !window.Promise ||
    !window.fetch ||
    !window.URLSearchParams ||
    !String.prototype.replaceAll;
  var unsafe = !window.isSecureContext || !window.crypto || !crypto.subtle;
  var why = inside ? "inside" : old ? "old" : unsafe ? "unsafe" : "";
  if (why) root.setAttribute("data-plain", why);

  function show(name) {
    var waiting = document.getElementById("opening");
    var words = document.querySelector('[data-plain="' + name + '"]');
    if (words) words.removeAttribute("hidden");
    if (waiting) waiting.setAttribute("hidden", "");
  }
  document.addEventListener("DOMContentLoaded", function () {
    if (why) show(why);
    else
      setTimeout(function () {
        if (!root.hasAttribute("data-started")) show("stuck");
      }, 12000);
  });
})();

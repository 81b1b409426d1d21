/*
 * The help pages of listen and connect.  docs/ciao.1.scd says the same at more length.
 */
#include "cli/cli.h"

const char cli_net_options_en[] =
    "\nOptions:\n"
    "  --ip A/B         ciao's address and prefix length; the kernel gets the first other\n"
    "                   address of the prefix; may be repeated (10.9.0.2/24, fd09::2/64)\n"
    "  --dev NAME       the interface to make (ciao0)\n"
    "  --mtu BYTES      its largest packet (1500)\n"
    "  --with 'CMD'     no root needed: make a network namespace for both, and run CMD by the\n"
    "                   shell on the kernel's side; its exit code becomes ours\n"
    "  --impair SPEC    a bad network: loss=2%,delay=20ms,jitter=1ms,reorder=1%,dup=1%,\n"
    "                   corrupt=0.1%,rate=100mbit,limit=1000 (frames that wait),way=out (or in),\n"
    "                   seed=7\n"
    "  --capture FILE   every packet as pcapng, state changes as comments of packets\n"
    "  --tell[=FORMAT]  tell each connection's life on standard error as it ends: text,\n"
    "                   sentences, dialogue, mermaid or json\n"
    "  --lang en|zh     the language of the telling\n"
    "  --profile NAME   ciao, rfc or linux: where the RFC and practice differ\n"
    "  --msl MS         maximum segment lifetime; TIME-WAIT is twice that\n"
    "  --timeout SECS   give up when nothing moves for so long\n"
    "  --stats          counters as JSON on standard error at the end\n"
    "  -v               say who connects and what was carried\n";

const char cli_net_options_zh[] =
    "\n选项：\n"
    "  --ip A/B         ciao 的地址和前缀长度；内核取该前缀中第一个其他地址；可重复\n"
    "                   （默认 10.9.0.2/24 和 fd09::2/64）\n"
    "  --dev NAME       要创建的网络接口（默认 ciao0）\n"
    "  --mtu BYTES      它的最大报文（默认 1500）\n"
    "  --with 'CMD'     不需要 root：为双方建一个网络命名空间，由 shell 在内核一侧\n"
    "                   运行 CMD；退出码取自 CMD\n"
    "  --impair SPEC    糟糕的网络：loss=2%,delay=20ms,jitter=1ms,reorder=1%,dup=1%,\n"
    "                   corrupt=0.1%,rate=100mbit,limit=1000（最多等待的帧数），\n"
    "                   way=out（或 in），seed=7\n"
    "  --capture FILE   把每个报文写成 pcapng，状态变化写作报文注释\n"
    "  --tell[=格式]    每条连接结束时在标准错误上讲述它的一生：text、sentences、\n"
    "                   dialogue、mermaid 或 json\n"
    "  --lang en|zh     讲述所用的语言\n"
    "  --profile NAME   ciao、rfc 或 linux：RFC 与实践不同之处按谁的来\n"
    "  --msl MS         报文最大生存时间（毫秒）；TIME-WAIT 是它的两倍\n"
    "  --timeout SECS   这么多秒没有任何动静就放弃\n"
    "  --stats          结束时在标准错误上以 JSON 给出计数\n"
    "  -v               说出谁连了进来、传了多少字节\n";

const char cli_listen_help_en[] =
    "Usage: ciao listen [--port P] [--send FILE] [--recv FILE] [--echo] [--once] [OPTIONS]\n"
    "\n"
    "Makes the interface ciao0, with the kernel at 10.9.0.1 and fd09::1 and ciao at 10.9.0.2\n"
    "and fd09::2, and waits there for connections: netcat on this stack.\n"
    "\n"
    "  --port P         the port to listen at (80)\n"
    "  --send FILE      send that to every connection, then say that there is no more\n"
    "  --recv FILE      write what arrives there (\"-\": standard output)\n"
    "  --echo           send back what arrives\n"
    "  --once           end after one connection\n"
    "With none of --send, --recv and --echo, standard input and output talk to one connection\n"
    "after the other.\n"
    "\n"
    "Example: ciao listen --send README.md --with 'curl -s --http0.9 http://10.9.0.2/'\n";

const char cli_listen_help_zh[] =
    "用法：ciao listen [--port P] [--send FILE] [--recv FILE] [--echo] [--once] [选项]\n"
    "\n"
    "创建网络接口 ciao0：内核在 10.9.0.1 和 fd09::1，ciao 在 10.9.0.2 和 fd09::2，\n"
    "并在那里等待连接。就是跑在这个协议栈上的 netcat。\n"
    "\n"
    "  --port P         监听的端口（默认 80）\n"
    "  --send FILE      给每条连接发送这个文件，然后说“我说完了”\n"
    "  --recv FILE      把收到的写到这里（“-”：标准输出）\n"
    "  --echo           收到什么就送回什么\n"
    "  --once           一条连接之后就结束\n"
    "--send、--recv、--echo 都没有时，标准输入和输出依次与每条连接交谈。\n"
    "\n"
    "例：ciao listen --send README.md --with 'curl -s --http0.9 http://10.9.0.2/'\n";

const char cli_connect_help_en[] =
    "Usage: ciao connect HOST PORT [--send FILE] [--recv FILE] [OPTIONS]\n"
    "\n"
    "Makes the interface ciao0, with the kernel at 10.9.0.1 and fd09::1 and ciao at 10.9.0.2\n"
    "and fd09::2, and connects to HOST (a numeric address) from there: netcat on this stack.\n"
    "Standard input is sent; at its end our direction is closed, and the reply is read to its\n"
    "end.\n"
    "\n"
    "  --send FILE      send that instead of standard input\n"
    "  --recv FILE      write what arrives there instead of standard output\n"
    "\n"
    "With --with, a connection that is refused is tried again while CMD comes up.\n"
    "\n"
    "Example: printf 'GET / HTTP/1.0\\r\\n\\r\\n' | ciao connect 10.9.0.1 8000 \\\n"
    "             --with 'python3 -m http.server'\n";

const char cli_connect_help_zh[] =
    "用法：ciao connect HOST PORT [--send FILE] [--recv FILE] [选项]\n"
    "\n"
    "创建网络接口 ciao0：内核在 10.9.0.1 和 fd09::1，ciao 在 10.9.0.2 和 fd09::2，\n"
    "并从那里连接 HOST（数字地址）。就是跑在这个协议栈上的 netcat。\n"
    "发送标准输入；输入结束时关闭我们这个方向，再把对方的回答读到底。\n"
    "\n"
    "  --send FILE      发送这个文件，而不是标准输入\n"
    "  --recv FILE      把收到的写到这里，而不是标准输出\n"
    "\n"
    "用了 --with 时，连接若被拒绝，会在 CMD 启动期间再试。\n"
    "\n"
    "例：printf 'GET / HTTP/1.0\\r\\n\\r\\n' | ciao connect 10.9.0.1 8000 \\\n"
    "        --with 'python3 -m http.server'\n";

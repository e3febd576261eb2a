<?php
// Shows what Roundcube's own code makes of the HTML part of a mail: `php roundcube.php ROUNDCUBE < part.html > shown.html`.
// ROUNDCUBE is where it is installed; there is no server: what its code asks of the application is answered here.

define('PROGRAM', $argv[1] . '/program');
set_include_path('/usr/share/php' . PATH_SEPARATOR . get_include_path());
require_once 'Masterminds/HTML5/autoload.php';

class rcmail
{
    public static function get_instance()
    {
        return new self();
    }

    public function __get($name)
    {
        return $this;
    }

    public function asset_url($path)
    {
        return $path;
    }

    public function url($parameters)
    {
        return '#';
    }

    public static function JQ($text)
    {
        return addslashes($text);
    }
}

class_alias('rcmail', 'rcube');
foreach (['bootstrap', 'html', 'rcube_charset', 'rcube_utils', 'rcube_mime', 'rcube_output', 'rcube_string_replacer', 'rcube_washtml'] as $name) {
    require_once PROGRAM . "/lib/Roundcube/$name.php";
}
require_once PROGRAM . '/include/rcmail_output.php';
require_once PROGRAM . '/include/rcmail_action.php';
require_once PROGRAM . '/actions/mail/index.php';

$settings = ['css_prefix' => 'v1', 'body_class' => 'rcmBody', 'container_id' => 'message-htmlpart1'];
$shown = rcmail_action_mail_index::wash_html(stream_get_contents(STDIN), $settings);
echo '<!DOCTYPE html><meta charset="utf-8"><body style="margin:0;font:14px Roboto,sans-serif">',
    "<div class=\"message-htmlpart\" id=\"message-htmlpart1\">$shown</div>";
